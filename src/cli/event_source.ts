/**
 * Follows a stream of the server through disconnects and restarts: it resumes after the last
 * position received, without gaps or repetitions.
 */

import { createParser } from "eventsource-parser";
import { backoffMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { Clock } from "../engine/ports.ts";
import { RefusedByServerError } from "./client.ts";
import { CommandError, type CommandInput } from "./command.ts";
import { pause } from "./times.ts";
import type { ServerCall, Surroundings } from "./server_call.ts";

const NO_CONTENT = 204;

const RECONNECT: RetryPolicy = {
  maxAttempts: Infinity,
  initialMs: 500,
  factor: 2,
  maxMs: 2_000,
  jitter: 0,
};

/** The parts of a call that following a stream needs. */
interface FollowingCall extends Pick<ServerCall, "client"> {
  readonly input: Pick<CommandInput, "warn">;
  readonly surroundings: Pick<Surroundings, "clock">;
}

interface FollowOptions {
  /**
   * Whether the stream may end by itself: a regular end is then checked with another request, and
   * not reported as a loss.
   */
  readonly endsItself: boolean;
  /** Default: never aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Yields the data of each message, until the stream ends or the signal aborts. Each loss of the
 * connection is reported once, not each attempt to reconnect.
 *
 * @param path With its query.
 * @throws {CommandError} if the server cannot be reached at the first attempt.
 * @throws {RefusedByServerError} if the server refuses permanently.
 */
export async function* follow(
  { client, input, surroundings: { clock } }: FollowingCall,
  path: string,
  { endsItself, signal = new AbortController().signal }: FollowOptions,
): AsyncGenerator<string> {
  let lastId: string | undefined;
  let [hasConnected, isLost, failures] = [false, false, 0];
  while (!signal.aborted) {
    const positionBefore = lastId;
    let isComplete = false;
    try {
      const headers = { accept: "text/event-stream", ...lastId && { "last-event-id": lastId } };
      const { status, body } = await client.request(path, { headers, signal });
      if (status === NO_CONTENT || body === null) return;
      for await (const message of eventMessages(body, clock, signal)) {
        if (isLost) input.warn("connected again, continuing from there");
        [hasConnected, isLost, failures] = [true, false, 0];
        if (message.kind === "position") lastId = message.id;
        else yield message.data;
      }
      isComplete = endsItself;
    } catch (error) {
      const isRefused = error instanceof CommandError && !(hasConnected && mayPass(error));
      if (isRefused && !signal.aborted) throw error;
    }
    // Only another request shows whether the stream is complete; after an empty stream it is
    // delayed.
    if (isComplete && lastId !== positionBefore) continue;
    if (!isComplete && !isLost && !signal.aborted) {
      const place = lastId === undefined ? "" : ` after entry ${lastId}`;
      input.warn(`lost the connection to ${client.url}${place}; trying until it is back`);
    }
    isLost ||= !isComplete;
    await pause(clock, backoffMs(RECONNECT, ++failures, 0), signal);
  }
}

/** Whether a later attempt may succeed: the server is down, starting, stopping or busy. */
function mayPass(error: CommandError): boolean {
  return !(error instanceof RefusedByServerError) || error.status >= 500 || error.status === 429;
}

/** The server sends a heartbeat every 15 s; after this long the connection is considered lost. */
const SILENCE_MAX_MS = 45_000;

/** A heartbeat has an id but no data: it only moves the position to resume from. */
type EventMessage =
  | { readonly kind: "position"; readonly id: string }
  | { readonly kind: "data"; readonly data: string };

/**
 * Yields each position and message, until the stream ends or the signal aborts.
 *
 * @throws if the connection breaks, or nothing arrives for `SILENCE_MAX_MS`.
 */
async function* eventMessages(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<EventMessage> {
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  const ready: EventMessage[] = [];
  const parser = createParser({
    onId: (id) => ready.push({ kind: "position", id }),
    onEvent: ({ data }) => ready.push({ kind: "data", data }),
  });
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await read(reader, clock);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* ready.splice(0);
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  clock: Clock,
): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> {
  let isSilent = false;
  const cancel = clock.setTimer(SILENCE_MAX_MS, () => {
    isSilent = true;
    void reader.cancel().catch(() => {});
  });
  try {
    const result = await reader.read();
    if (isSilent) throw new Error(`nothing was received for ${SILENCE_MAX_MS} ms`);
    return result;
  } finally {
    cancel();
  }
}
