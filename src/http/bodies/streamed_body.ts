/**
 * A body that is read as it comes. All of it is in one buffer, so that it takes the memory that
 * it has bytes, however small the pieces are; and a body that is given up gives it back at once,
 * without waiting for the garbage collector.
 */

import type { Clock } from "../../engine/ports.ts";

/** The others wait for a later turn of the event loop. */
const LATE_AT_ONCE = 20;

/** One that is not done yet. */
export interface Deadline {
  readonly at: number;
  /** @param afterMs How long it had. */
  readonly onLate: (afterMs: number) => void;
  /** The neighbours in order of time; itself on both sides once it is over. */
  earlier: Deadline;
  later: Deadline;
}

/**
 * A ring in the order of time, and not a set: a set that grows and shrinks all the time is
 * built anew at almost every step.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeMs: number;
  /** Before the earliest and after the latest. */
  readonly #ends = ringOfOne(Infinity, () => {});
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, timeMs: number) {
    this.#clock = clock;
    this.#timeMs = timeMs;
  }

  /** @param onLate Called once, unless `end` comes first. */
  begin(onLate: Deadline["onLate"]): Deadline {
    const begun = ringOfOne(this.#clock.monotonic() + this.#timeMs, onLate);
    begun.earlier = this.#ends.earlier;
    begun.later = this.#ends;
    begun.earlier.later = begun;
    this.#ends.earlier = begun;
    if (this.#disarm === undefined) this.#watch(this.#timeMs);
    return begun;
  }

  end(deadline: Deadline): void {
    deadline.earlier.later = deadline.later;
    deadline.later.earlier = deadline.earlier;
    deadline.earlier = deadline;
    deadline.later = deadline;
  }

  /** Ends the earliest as late if it had so long and is not `but`; `false` when it goes on. */
  hurry(afterMs: number, but?: Deadline): boolean {
    const earliest = this.#ends.later;
    const hadMs = this.#timeMs - (earliest.at - this.#clock.monotonic());
    if (earliest === but || hadMs < afterMs) return false;
    this.end(earliest);
    earliest.onLate(afterMs);
    return true;
  }

  /** No timer is left behind: what is late from now on is not told. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** The timer is armed again only when it has fired: most are done long before. */
  #watch(delayMs: number): void {
    if (this.#stopped) return;
    this.#disarm = this.#clock.setTimer(delayMs, () => {
      this.#disarm = undefined;
      this.#tellLate(this.#clock.monotonic());
      const earliest = this.#ends.later;
      if (earliest !== this.#ends) this.#watch(earliest.at - this.#clock.monotonic());
    });
  }

  /** A few at a time: a great many may have begun together. */
  #tellLate(now: number): void {
    for (let told = 0; told < LATE_AT_ONCE; told++) {
      const one = this.#ends.later;
      if (one.at > now) return;
      this.end(one);
      one.onLate(this.#timeMs);
    }
  }
}

function ringOfOne(at: number, onLate: Deadline["onLate"]): Deadline {
  const one = { at, onLate } as Deadline;
  one.earlier = one;
  one.later = one;
  return one;
}

/**
 * What is waited for with. A connection that is silent keeps it until it is closed: a read that
 * is under way cannot be taken back, and one that is cancelled keeps it for ever.
 */
const WAITING_BYTES = 1024;
/** What is asked for when the last piece was as large as it could be, and more is likely there. */
const READY_BYTES = 64 * 1024;

/**
 * After so many pieces it is the turn of others: they may all be there at once, of many bodies. So
 * many bytes take as long as another piece.
 */
const PIECES_IN_A_TURN = 16;
const BYTES_AS_A_PIECE = 16 * 1024;

type Piece = Uint8Array<ArrayBuffer>;

interface PieceReader {
  /** The next piece; `undefined` at the end. */
  next(): Promise<Piece | undefined>;
  /** Reads no more. Not while a read is under way. */
  leave(): void;
}

interface StreamedBodyOptions {
  /**
   * Told how much there is with every piece, and which that is, before it is kept. What it throws
   * is the end.
   */
  readonly came: (bytes: number, pieces: number) => void;
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>;
}

export class StreamedBody {
  readonly #reader: PieceReader;
  readonly #options: StreamedBodyOptions;
  #buffer = new ArrayBuffer(0);
  #length = 0;
  #isGivenUp = false;

  constructor(body: ReadableStream<Piece>, options: StreamedBodyOptions) {
    this.#reader = piecesOf(body);
    this.#options = options;
  }

  /** All of it; means nothing once it was given up. */
  async whole(): Promise<Piece> {
    try {
      let done = 0;
      for (let pieces = 1; !this.#isGivenUp; pieces++) {
        const piece = await this.#reader.next();
        if (piece === undefined || this.#isGivenUp) break;
        this.#options.came(this.#length + piece.length, pieces);
        this.#append(piece);
        done += 1 + Math.floor(piece.length / BYTES_AS_A_PIECE);
        if (done < PIECES_IN_A_TURN) continue;
        done = 0;
        await this.#options.pause();
      }
      return new Uint8Array(this.#buffer, 0, this.#length);
    } finally {
      this.#reader.leave();
    }
  }

  /** What the client sends from now on is dropped. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#buffer.transfer(0);
    this.#buffer = new ArrayBuffer(0);
    this.#length = 0;
  }

  #append(piece: Piece): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.byteLength) {
      this.#buffer = this.#buffer.transfer(Math.max(needed, 2 * this.#length));
    }
    new Uint8Array(this.#buffer).set(piece, this.#length);
    this.#length = needed;
  }
}

/** The server gives what it receives as a stream of bytes; others may give it piece by piece. */
function piecesOf(body: ReadableStream<Piece>): PieceReader {
  try {
    return intoOwnBuffer(body.getReader({ mode: "byob" }));
  } catch (error) {
    if (!(error instanceof TypeError) || body.locked) throw error;
  }
  const reader = body.getReader();
  return {
    next: async () => (await reader.read()).value,
    leave: () => void reader.cancel().catch(() => {}), // It has broken off by itself.
  };
}

/** A piece is overwritten by the next one. */
function intoOwnBuffer(reader: ReadableStreamBYOBReader): PieceReader {
  let buffer = new ArrayBuffer(WAITING_BYTES);
  let isMoreLikely = false;
  return {
    async next() {
      const size = isMoreLikely ? READY_BYTES : WAITING_BYTES;
      if (buffer.byteLength !== size) buffer = new ArrayBuffer(size);
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (value === undefined || done) return undefined;
      buffer = value.buffer;
      isMoreLikely = value.length === size;
      return value;
    },
    // The server ends the connection with the answer. To cancel makes it receive all the rest
    // first, in one turn of the event loop however small the pieces are.
    leave: () => {},
  };
}
