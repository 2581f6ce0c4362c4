/**
 * Reads the bodies of requests within limits: bytes of each as they stream, bytes of all
 * that are being read, and time. The server itself has no limit of time for any of it.
 */

import type { Clock } from "../engine/ports.ts";
import type { Gauge } from "./capacity.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { Problem } from "./problem.ts";
import type { Turnstile } from "./turnstile.ts";

export interface BodiesOptions {
  readonly clock: Clock;
  readonly bytesMax: number;
  /** How long a body may take from its first byte to its last. */
  readonly timeMs: number;
  /** Counts bytes of all bodies that are being read. */
  readonly bytes: Gauge;
  /** What a body asks for is begun when there is time for it. */
  readonly turnstile: Turnstile;
  /** Once it aborts, no timer is left behind. */
  readonly shutdownSignal: AbortSignal;
}

/** What a larger body asks for may take long. */
export const SMALL_BYTES = 16 * 1024;

/** A body that is being read. */
interface Reading {
  readonly deadline: Deadline;
  /** Counted of it, against the limit of all. */
  bytes: number;
}

export class Bodies {
  readonly #options: BodiesOptions;
  readonly #deadlines: Deadlines;

  /** Of all bodies that are being read, against their limit. */
  get bytes(): Gauge {
    return this.#options.bytes;
  }

  constructor(options: BodiesOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock, options.timeMs);
    const stop = () => this.#deadlines.stop();
    if (options.shutdownSignal.aborted) stop();
    options.shutdownSignal.addEventListener("abort", stop, { once: true });
  }

  /**
   * The whole body.
   *
   * @throws {Problem} `body-too-large` as soon as more bytes have come than one may have, or
   * are announced; `body-too-slow`, `over-capacity`, or `unreadable-body`.
   */
  read(request: Request): Promise<Uint8Array> {
    // One promise for all of it: this is on the way of every request that brings something.
    const { turnstile } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.#end(reading);
        reject(error instanceof Problem ? error : unreadable());
      };
      const reading = this.#begin(fail);
      const give = (bytes: Uint8Array) => {
        this.#end(reading);
        if (bytes.length > this.#options.bytesMax) reject(this.#tooLarge());
        else resolve(bytes);
      };
      const take = (bytes: Uint8Array) => {
        const turn = turnstile.enter(bytes.length > SMALL_BYTES ? "large" : "small");
        if (turn === undefined) return give(bytes);
        this.#deadlines.end(reading.deadline);
        void turn.then(() => give(bytes));
      };
      try {
        this.#readInto(request, reading).then(take, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** To ask for the stream of a body makes one, which takes longer than to read most. */
  #readInto(request: Request, reading: Reading): Promise<Uint8Array> {
    const announced = announcedBytes(request);
    if (announced === undefined) return this.#readCounted(request.body, reading);
    // The server holds a client to the length that it announced.
    this.#count(announced, reading);
    return request.bytes();
  }

  async #readCounted(body: Request["body"], reading: Reading): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body ?? []) {
      if (this.#deadlines.isOver(reading.deadline)) break;
      this.#count(chunk.length, reading);
      chunks.push(chunk);
    }
    return concatenated(chunks, reading.bytes);
  }

  #count(bytes: number, reading: Reading): void {
    const { bytesMax, bytes: all } = this.#options;
    if (reading.bytes + bytes > bytesMax) throw this.#tooLarge();
    all.requireRoom(bytes);
    reading.bytes += bytes;
    all.opened(bytes);
  }

  #begin(giveUp: (problem: Problem) => void): Reading {
    return { deadline: this.#deadlines.begin(() => giveUp(this.#tooSlow())), bytes: 0 };
  }

  /** Lets go of what was counted, once. */
  #end(reading: Reading): void {
    this.#deadlines.end(reading.deadline);
    this.#options.bytes.closed(reading.bytes);
    reading.bytes = 0;
  }

  #tooLarge(): Problem {
    const { bytesMax } = this.#options;
    const detail = `Cannot take the body: it is over ${bytesMax} bytes (--body-bytes)`;
    return new Problem("body-too-large", detail);
  }

  #tooSlow(): Problem {
    const { timeMs } = this.#options;
    const detail = `Cannot take the body: it was not there after ${timeMs} ms (--body-time)`;
    return new Problem("body-too-slow", detail, {}, { "connection": "close" });
  }
}

/** `undefined` when the length is only known once all has come. */
function announcedBytes(request: Request): number | undefined {
  const announced = request.headers.get("content-length");
  return announced !== null && /^\d+$/.test(announced) ? Number(announced) : undefined;
}

function concatenated(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function unreadable(): Problem {
  return new Problem("unreadable-body", "Cannot read the body: it ended early or was read before");
}
