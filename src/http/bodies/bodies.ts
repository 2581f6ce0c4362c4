/**
 * Reads the bodies of requests within limits: bytes of each and of all, as they come and not as
 * they are announced, and time. The server itself has no limit of time for any of it.
 */

import { durationText } from "../../core/duration.ts";
import type { Clock } from "../../engine/ports.ts";
import { type Gauge, overCapacity } from "../guard/capacity.ts";
import { type Deadline, Deadlines, StreamedBody } from "./streamed_body.ts";
import { Problem } from "../problems/problem.ts";
import type { Turnstile } from "../guard/turnstile.ts";

export interface BodiesOptions {
  readonly clock: Clock;
  readonly bytesMax: number;
  /** That sets it, if one does. */
  readonly bytesFlag?: string;
  /** How long a body may take from its first byte to its last. */
  readonly timeMs: number;
  /** Counts bytes of all bodies that are being read. */
  readonly bytes: Gauge;
  /** Counts the requests that are being answered; one whose body is not there yet is none. */
  readonly requests: Gauge;
  /** What a body asks for is begun when there is time for it. */
  readonly turnstile: Turnstile;
  /** Once it aborts, no timer is left behind. */
  readonly shutdownSignal: AbortSignal;
}

/** What a larger body asks for may take long. */
export const SMALL_BYTES = 16 * 1024;

/**
 * A body that announces no more is read in one piece, which takes half the time; it cannot be
 * given up, but costs no more than its connection does. Such bodies are bounded as requests are.
 */
const IN_ONE_PIECE_BYTES = 4 * 1024;

/**
 * A body may come in so many pieces, and in another one for each of so many bytes: to receive a
 * piece costs as much as to receive kilobytes, and what is left of them when the client goes away
 * holds up everybody.
 */
const PIECES_MAX = 1_024;
const BYTES_PER_PIECE = 16;

/** Where so many are being read, or have no room for another, none may take longer than that. */
const UNHURRIED_MAX = 1_000;
const HURRIED_MS = 1_000;

/** A body that is being read. */
interface Reading {
  readonly deadline: Deadline;
  /** Counted of it, against the limit of all. */
  bytes: number;
  /** `undefined` while it is read in one piece. */
  body: StreamedBody | undefined;
  /** Whether all of it is there, or no more will be. */
  isOver: boolean;
}

export class Bodies {
  readonly #options: BodiesOptions;
  readonly #deadlines: Deadlines;
  /** How many are being read. */
  #readings = 0;

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
    const { turnstile, requests } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        if (reading.isOver) return;
        reading.body?.giveUp();
        this.#end(reading);
        this.#release(reading);
        reject(error instanceof Problem ? error : unreadable());
      };
      const give = (bytes: Uint8Array) => {
        this.#release(reading);
        if (bytes.length > this.#options.bytesMax) reject(this.#tooLarge());
        else resolve(bytes);
      };
      const take = (bytes: Uint8Array) => {
        if (reading.isOver) return;
        if (requests.isFull) return fail(overCapacity(requests.limit, requests.max));
        this.#end(reading);
        const turn = turnstile.enter(bytes.length > SMALL_BYTES ? "large" : "small");
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

  /** To ask for the stream of a body makes one, which takes longer than to read most. */
  #readInto(request: Request, reading: Reading): Promise<Uint8Array> {
    const announced = announcedBytes(request);
    if (announced !== undefined && announced > this.#options.bytesMax) throw this.#tooLarge();
    if (announced !== undefined && announced <= IN_ONE_PIECE_BYTES) return request.bytes();
    if (request.body === null) return Promise.resolve(new Uint8Array());
    const { clock } = this.#options;
    reading.body = new StreamedBody(request.body, {
      came: (bytes, pieces) => this.#came(bytes, pieces, reading),
      pause: () => clock.pause(),
    });
    return reading.body.whole();
  }

  /** @param bytes All that have come so far. */
  #came(bytes: number, pieces: number, reading: Reading): void {
    const { bytesMax, bytes: all } = this.#options;
    if (bytes > bytesMax) throw this.#tooLarge();
    if (pieces > PIECES_MAX + bytes / BYTES_PER_PIECE) throw inCrumbs(bytes, pieces);
    const more = bytes - reading.bytes;
    while (!all.hasRoom(more) && this.#hurry(reading.deadline));
    all.requireRoom(more);
    reading.bytes = bytes;
    all.opened(more);
  }

  /** What waits for its body is no request yet: who sends nothing leaves room for others. */
  #begin(giveUp: (problem: Problem) => void): Reading {
    while (this.#readings >= UNHURRIED_MAX && this.#hurry());
    const { timeMs } = this.#options;
    const onLate = (afterMs: number) => giveUp(tooSlow(afterMs, timeMs));
    this.#readings++;
    this.#options.requests.closed();
    return { deadline: this.#deadlines.begin(onLate), bytes: 0, body: undefined, isOver: false };
  }

  /** Gives the oldest up, if it had time enough and is not `but`; `false` when it goes on. */
  #hurry(but?: Deadline): boolean {
    return this.#deadlines.hurry(HURRIED_MS, but);
  }

  /** All of it is there, or no more will be. */
  #end(reading: Reading): void {
    reading.isOver = true;
    this.#deadlines.end(reading.deadline);
    this.#readings--;
    this.#options.requests.opened();
  }

  /** Lets go of what was counted, once. */
  #release(reading: Reading): void {
    this.#options.bytes.closed(reading.bytes);
    reading.bytes = 0;
  }

  #tooLarge(): Problem {
    const { bytesMax, bytesFlag } = this.#options;
    const set = bytesFlag === undefined ? "" : ` (${bytesFlag})`;
    return new Problem(
      "body-too-large",
      `Cannot take the body: it is over ${bytesMax} bytes${set}`,
    );
  }
}

function tooSlow(afterMs: number, timeMs: number): Problem {
  const why = afterMs < timeMs ? ", and there are too many to wait for it" : "";
  const detail = `Cannot take the body: it was not there after ${durationText(afterMs)}${why}`;
  return new Problem("body-too-slow", detail, {}, { "connection": "close" });
}

function inCrumbs(bytes: number, pieces: number): Problem {
  const detail =
    `Cannot read the body: ${bytes} bytes of it came in ${pieces} pieces; send it in ` +
    "larger ones";
  return new Problem("unreadable-body", detail, {}, { "connection": "close" });
}

/** `undefined` when the length is only known once all has come. */
function announcedBytes(request: Request): number | undefined {
  const announced = request.headers.get("content-length");
  return announced !== null && /^\d+$/.test(announced) ? Number(announced) : undefined;
}

function unreadable(): Problem {
  return new Problem("unreadable-body", "Cannot read the body: it ended early or was read before");
}

/**
 * Of a request that is refused without a look at its body. One that was announced and never comes
 * keeps the connection, even beyond a stop of the server, unless somebody waits for it.
 */
export function leaveUnread(request: Request): void {
  if (request.bodyUsed || request.body === null || request.body.locked) return;
  request.body.getReader().read().catch(() => {}); // The connection has ended.
}
