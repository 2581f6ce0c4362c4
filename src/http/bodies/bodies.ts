/**
 * Reads request bodies within limits on time and on bytes, both of each body and of all. Bytes are
 * counted as they arrive, not as announced. `Deno.serve` itself limits none of this.
 */

import { Refusal } from "../../documents/refusal.ts";
import { durationText } from "../../core/duration.ts";
import type { Clock } from "../../engine/ports.ts";
import type { Gauge } from "../capacity/limits.ts";
import { type Deadline, Deadlines, StreamedBody } from "./streamed_body.ts";
import { Problem } from "../responses/problem.ts";
import type { AdmissionGate } from "../capacity/admission_gate.ts";

interface BodiesOptions {
  readonly clock: Clock;
  readonly bytesMax: number;
  /** The flag that sets the limit, if there is one. */
  readonly bytesFlag?: string;
  /** Longest time from the first byte of a body to the last. */
  readonly timeMs: number;
  /** Counts the bytes of all bodies being read. */
  readonly bytes: Gauge;
  /** Counts the requests being answered; a request counts once its body has arrived. */
  readonly requests: Gauge;
  /** Admits work on a body when the event loop has time for it. */
  readonly admission: AdmissionGate;
  /** After it aborts, no timer is left. */
  readonly shutdownSignal: AbortSignal;
}

/** Handling larger bodies may take long. */
export const SMALL_BYTES = 16 * 1024;

/**
 * Up to this announced length, a body is read in one piece, which takes half the time. Such a body
 * cannot be abandoned, but costs no more than its connection, and is limited by the limit on
 * requests.
 */
const IN_ONE_PIECE_BYTES = 4 * 1024;

/**
 * The pieces that any body may come in; larger bodies may have one more for each `BYTES_PER_PIECE`.
 * Receiving a piece costs as much as receiving kilobytes, and pieces left over when the client
 * disconnects block the event loop.
 */
const PIECES_MAX = 1_024;
const BYTES_PER_PIECE = 16;

/** Pieces read before other work gets its turn. */
const PIECES_IN_A_TURN = 16;

/** From this many bodies on, or without room for another one, slow bodies have less time. */
const UNHURRIED_MAX = 1_000;
const HURRIED_MS = 1_000;

interface Reading {
  readonly deadline: Deadline;
  /** Bytes counted against the limit of all bodies. */
  bytes: number;
  /** `undefined` if it is read in one piece. */
  body: StreamedBody | undefined;
  /** Whether it is complete, or no more will come. */
  isOver: boolean;
}

export class Bodies {
  readonly #deadlines: Deadlines;
  /** How many are being read. */
  #readings = 0;
  /** Pieces read in this turn. */
  #pieces = 0;
  #pausing: Promise<void> | undefined;

  /** The bytes of all bodies being read, with their limit. */
  get bytes(): Gauge {
    return this.options.bytes;
  }

  constructor(private readonly options: BodiesOptions) {
    this.#deadlines = new Deadlines(options.clock, options.timeMs);
    const stop = () => this.#deadlines.stop();
    if (options.shutdownSignal.aborted) stop();
    options.shutdownSignal.addEventListener("abort", stop, { once: true });
  }

  /**
   * The whole body.
   *
   * @throws {Problem} `body-too-large` as soon as more bytes have arrived, or are announced, than a
   * body may have; `body-too-slow`, `over-capacity`, or `unreadable-body`.
   */
  read(request: Request): Promise<Uint8Array> {
    // A single promise, since every request with a body passes here.
    const { admission, requests } = this.options;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        if (reading.isOver) return;
        reading.body?.giveUp();
        this.#end(reading);
        this.#release(reading);
        reject(error instanceof Refusal ? error : unreadable());
      };
      const give = (bytes: Uint8Array) => {
        this.#release(reading);
        if (bytes.length > this.options.bytesMax) reject(this.#tooLarge());
        else resolve(bytes);
      };
      const take = (bytes: Uint8Array) => {
        if (reading.isOver) return;
        if (requests.isFull) return fail(requests.overCapacity());
        this.#end(reading);
        const turn = admission.enter(bytes.length > SMALL_BYTES ? "large" : "small");
        if (turn === undefined) give(bytes);
        else void turn.then(() => give(bytes));
      };
      const reading = this.#begin(fail);
      try {
        this.#readInto(request, reading).then(take, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Accessing `request.body` creates a stream, which takes longer than reading most bodies. */
  #readInto(request: Request, reading: Reading): Promise<Uint8Array> {
    const announced = announcedBytes(request);
    if (announced !== undefined && announced > this.options.bytesMax) throw this.#tooLarge();
    if (announced !== undefined && announced <= IN_ONE_PIECE_BYTES) return request.bytes();
    if (request.body === null) return Promise.resolve(new Uint8Array());
    reading.body = new StreamedBody(request.body, {
      came: (bytes, pieces) => this.#came(bytes, pieces, reading),
      worked: (pieces) => this.#worked(pieces),
    });
    return reading.body.whole();
  }

  /** All bodies share a turn, since pieces of many may have arrived at once. */
  #worked(pieces: number): Promise<void> | undefined {
    this.#pieces += pieces;
    return this.#pieces < PIECES_IN_A_TURN ? undefined : this.#pausing ??= this.#pause();
  }

  async #pause(): Promise<void> {
    await this.options.clock.pause();
    this.#pieces = 0;
    this.#pausing = undefined;
  }

  /** @param bytes All that have arrived so far. */
  #came(bytes: number, pieces: number, reading: Reading): void {
    const { bytesMax, bytes: all } = this.options;
    if (bytes > bytesMax) throw this.#tooLarge();
    if (pieces > PIECES_MAX + bytes / BYTES_PER_PIECE) throw inCrumbs(bytes, pieces);
    const more = bytes - reading.bytes;
    while (!all.hasRoom(more) && this.#hurry(reading.deadline));
    all.requireRoom(more);
    reading.bytes = bytes;
    all.opened(more);
  }

  /**
   * A request whose body has not arrived does not count: clients that send nothing leave room for
   * others.
   */
  #begin(giveUp: (problem: Problem) => void): Reading {
    while (this.#readings >= UNHURRIED_MAX && this.#hurry());
    const { timeMs } = this.options;
    const onLate = (afterMs: number) => giveUp(tooSlow(afterMs, timeMs));
    this.#readings++;
    this.options.requests.closed();
    return { deadline: this.#deadlines.begin(onLate), bytes: 0, body: undefined, isOver: false };
  }

  /** Abandons the oldest body if it had `HURRIED_MS` and is not `but`; `false` if it did not. */
  #hurry(but?: Deadline): boolean {
    return this.#deadlines.hurry(HURRIED_MS, but);
  }

  /** The body is complete, or no more will come. */
  #end(reading: Reading): void {
    reading.isOver = true;
    this.#deadlines.end(reading.deadline);
    this.#readings--;
    this.options.requests.opened();
  }

  /** Releases the counted bytes, once. */
  #release(reading: Reading): void {
    this.options.bytes.closed(reading.bytes);
    reading.bytes = 0;
  }

  #tooLarge(): Problem {
    const { bytesMax, bytesFlag } = this.options;
    const set = bytesFlag === undefined ? "" : ` (${bytesFlag})`;
    return new Problem(
      "body-too-large",
      `Cannot take the body: it is over ${bytesMax} bytes${set}`,
    );
  }
}

function tooSlow(afterMs: number, timeMs: number): Problem {
  const why = afterMs < timeMs ? ", and too many requests are open to wait for it" : "";
  const detail = `Cannot take the body: it had not arrived after ${durationText(afterMs)}${why}`;
  return new Problem("body-too-slow", detail, { headers: { "connection": "close" } });
}

function inCrumbs(bytes: number, pieces: number): Problem {
  const detail =
    `Cannot read the body: ${bytes} bytes of it came in ${pieces} pieces; send it in larger ones`;
  return new Problem("unreadable-body", detail, { headers: { "connection": "close" } });
}

/** `undefined` if the length is unknown until the end. */
function announcedBytes(request: Request): number | undefined {
  const announced = request.headers.get("content-length");
  return announced !== null && /^\d+$/.test(announced) ? Number(announced) : undefined;
}

function unreadable(): Problem {
  return new Problem("unreadable-body", "Cannot read the body: it ended early or was already read");
}
