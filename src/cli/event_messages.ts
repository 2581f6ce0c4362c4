/** The messages of one connection to a stream of server-sent events. */

import { createParser } from "eventsource-parser";
import type { Clock } from "../engine/ports.ts";

/** The server says something every 15 s; after so long it is not there any more. */
const SILENCE_MAX_MS = 45_000;

/** A heartbeat has an id and no data: it only moves the place to go on from. */
export type EventMessage =
  | { readonly kind: "position"; readonly id: string }
  | { readonly kind: "data"; readonly data: string };

/**
 * Each message, with its position before it, until the stream ends or the signal aborts.
 *
 * @throws when the connection breaks, or nothing is heard for long.
 */
export async function* eventMessages(
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
    if (isSilent) throw new Error(`nothing was heard for ${SILENCE_MAX_MS} ms`);
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

  /** The messages that are whole with this text. */
  in(text: string): readonly EventMessage[] {
    this.#ready = [];
    this.#parser.feed(text);
    return this.#ready;
  }
}
