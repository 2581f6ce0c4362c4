/**
 * Follows a stream of the server through disconnects and restarts: it resumes after the last
 * position received, without gaps or repetitions.
 */

import { createParser } from "eventsource-parser";
import { backoffMs, type RetryPolicy } from "../core/retry_policy.ts";
import type { Clock } from "../engine/ports.ts";
import { type Client, RefusedByServerError } from "./client.ts";
import { CommandError } from "./command.ts";
import { pause } from "./times.ts";
import type { ServerCall } from "./server_call.ts";

const NO_CONTENT = 204;

const RECONNECT: RetryPolicy = {
  maxAttempts: Infinity,
  initialMs: 500,
  factor: 2,
  maxMs: 2_000,
  jitter: 0,
};

interface EventSourceOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** The path, with its query. */
  readonly path: string;
  /**
   * Whether the stream may end by itself: a regular end is then checked with another request, and
   * not reported as a loss.
   */
  readonly endsItself: boolean;
  readonly signal: AbortSignal;
  /** Called once for each loss of the connection, not for each attempt to reconnect. */
  onLost(lastId: string | undefined): void;
  onResumed(): void;
}

/**
 * Yields the data of each message, until the stream ends or the signal aborts.
 *
 * @throws {CommandError} if the server cannot be reached at the first attempt.
 * @throws {RefusedByServerError} if the server refuses permanently.
 */
export async function* follow(options: EventSourceOptions): AsyncGenerator<string> {
  const source = new EventSource(options);
  while (!source.isOver) yield* source.connection();
}

type End = "inOrder" | "broken";

class EventSource {
  #isFinished = false;
  #lastId: string | undefined;
  #hasConnected = false;
  #isLost = false;
  #failures = 0;

  constructor(private readonly options: EventSourceOptions) {}

  get isOver(): boolean {
    return this.#isFinished || this.options.signal.aborted;
  }

  /** Yields the messages of one connection, then waits before the next one. */
  async *connection(): AsyncGenerator<string> {
    const response = await this.#connect();
    if (response === undefined) return await this.#lost();
    if (response.status === NO_CONTENT || response.body === null) {
      this.#isFinished = true;
      return;
    }
    const positionBefore = this.#lastId;
    const end = yield* this.#messages(response.body);
    if (end === "broken" || !this.options.endsItself) return await this.#lost();
    // Only another request shows whether the stream is complete; after an empty stream it is
    // delayed.
    if (this.#lastId === positionBefore) await this.#pause();
  }

  /** `undefined` if there is no connection now, but there may be one later. */
  async #connect(): Promise<Response | undefined> {
    const { client, path, signal } = this.options;
    const headers = new Headers({ accept: "text/event-stream" });
    if (this.#lastId !== undefined) headers.set("last-event-id", this.#lastId);
    try {
      return await client.request(path, { headers, signal });
    } catch (error) {
      if (this.isOver || (this.#hasConnected && mayPass(error))) return undefined;
      throw error;
    }
  }

  async *#messages(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, End> {
    const { clock, signal } = this.options;
    const messages = eventMessages(body, clock, signal);
    try {
      for (;;) {
        const { done, value } = await this.#next(messages);
        if (done) return value;
        this.#noteConnected();
        if (value.kind === "position") this.#lastId = value.id;
        else yield value.data;
      }
    } finally {
      await messages.return(undefined);
    }
  }

  /** The next message, or how the connection ended. */
  async #next(messages: ReturnType<typeof eventMessages>) {
    try {
      const { done, value } = await messages.next();
      return done ? { done, value: "inOrder" } as const : { done: false, value } as const;
    } catch {
      return { done: true, value: "broken" } as const;
    }
  }

  #noteConnected(): void {
    if (this.#isLost) this.options.onResumed();
    this.#hasConnected = true;
    this.#isLost = false;
    this.#failures = 0;
  }

  async #lost(): Promise<void> {
    if (this.isOver) return;
    if (!this.#isLost) this.options.onLost(this.#lastId);
    this.#isLost = true;
    await this.#pause();
  }

  #pause(): Promise<void> {
    this.#failures += 1;
    return pause(this.options.clock, backoffMs(RECONNECT, this.#failures, 0), this.options.signal);
  }
}

/** Whether a later attempt may succeed: the server is down, starting, stopping or busy. */
function mayPass(error: unknown): boolean {
  if (error instanceof RefusedByServerError) return error.status >= 500 || error.status === 429;
  return error instanceof CommandError;
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
  const [decoder, messages] = [new TextDecoder(), new Messages()];
  try {
    for (;;) {
      const { done, value } = await read(reader, clock);
      if (done) return;
      yield* messages.in(decoder.decode(value, { stream: true }));
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

class Messages {
  #ready: EventMessage[] = [];
  readonly #parser = createParser({
    onId: (id) => this.#ready.push({ kind: "position", id }),
    onEvent: ({ data }) => this.#ready.push({ kind: "data", data }),
  });

  /** The messages that this text completes. */
  in(text: string): readonly EventMessage[] {
    this.#ready = [];
    this.#parser.feed(text);
    return this.#ready;
  }
}

/** Follows a stream for a command; each loss of the connection is reported on standard error. */
export function followReporting(
  { client, input, surroundings: { clock } }: ServerCall,
  path: string,
  endsItself: boolean,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<string> {
  return follow({
    ...{ client, clock, path, endsItself, signal },
    onLost(lastId) {
      const place = lastId === undefined ? "" : ` after entry ${lastId}`;
      input.warn(`lost the connection to ${client.url}${place}; trying until it is back`);
    },
    onResumed: () => input.warn("connected again, continuing from there"),
  });
}
