/**
 * Reads a body as it arrives, into one buffer. It takes no more memory than its bytes, however
 * small the pieces, and an abandoned body frees its buffer at once, without waiting for the garbage
 * collector.
 */

import type { Clock } from "../../engine/ports.ts";

/** Bodies abandoned in one turn of the event loop; the rest wait for a later turn. */
const LATE_AT_ONCE = 20;

/** The deadline of a body that is still being read. */
export interface Deadline {
  readonly at: number;
  /** @param afterMs How long the body had. */
  readonly onLate: (afterMs: number) => void;
  /** The neighbours in the order of time; the deadline itself, on both sides, once it has ended. */
  earlier: Deadline;
  later: Deadline;
}

/**
 * A ring in the order of time. A set would be rebuilt at almost every step, since it grows and
 * shrinks all the time.
 */
export class Deadlines {
  /** The sentinel: before the earliest and after the latest. */
  readonly #ends = ringOfOne(Infinity, () => {});
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(private readonly clock: Clock, private readonly timeMs: number) {}

  /** @param onLate Called once, unless `end` comes first. */
  begin(onLate: Deadline["onLate"]): Deadline {
    const begun = ringOfOne(this.clock.monotonic() + this.timeMs, onLate);
    begun.earlier = this.#ends.earlier;
    begun.later = this.#ends;
    begun.earlier.later = begun;
    this.#ends.earlier = begun;
    if (this.#disarm === undefined) this.#watch(this.timeMs);
    return begun;
  }

  end(deadline: Deadline): void {
    deadline.earlier.later = deadline.later;
    deadline.later.earlier = deadline.earlier;
    deadline.earlier = deadline;
    deadline.later = deadline;
  }

  /** Ends the earliest body if its time is up and it is not `but`; `false` if none was ended. */
  hurry(afterMs: number, but?: Deadline): boolean {
    const earliest = this.#ends.later;
    const hadMs = this.timeMs - (earliest.at - this.clock.monotonic());
    if (earliest === but || hadMs < afterMs) return false;
    this.end(earliest);
    earliest.onLate(afterMs);
    return true;
  }

  /** Cancels the timer; no deadline is enforced from now on. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** The timer is set again only when it has fired: most bodies are complete long before. */
  #watch(delayMs: number): void {
    if (this.#stopped) return;
    this.#disarm = this.clock.setTimer(delayMs, () => {
      this.#disarm = undefined;
      this.#expireLate(this.clock.monotonic());
      const earliest = this.#ends.later;
      if (earliest !== this.#ends) this.#watch(earliest.at - this.clock.monotonic());
    });
  }

  /** A few at a time: many bodies may have begun together. */
  #expireLate(now: number): void {
    for (let expired = 0; expired < LATE_AT_ONCE; expired++) {
      const one = this.#ends.later;
      if (one.at > now) return;
      this.end(one);
      one.onLate(this.timeMs);
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
 * The size of the buffer for a pending read. A silent connection keeps it until it is closed: a
 * pending read cannot be withdrawn, and a cancelled one keeps it forever.
 */
const WAITING_BYTES = 1024;
/**
 * The size of the next read, if the last piece filled its buffer, so that more has probably
 * arrived.
 */
const READY_BYTES = 64 * 1024;

/** So many bytes take as long as another piece. */
const BYTES_AS_A_PIECE = 16 * 1024;
/** A body that has taken as little as this does not wait for others. */
const PIECES_AT_ONCE = 4;

type Piece = Uint8Array<ArrayBuffer>;

interface PieceReader {
  /** The next piece; `undefined` at the end. */
  next(): Promise<Piece | undefined>;
  /** Stops reading. Not while a read is pending. */
  leave(): void;
}

interface StreamedBodyOptions {
  /**
   * Called with the numbers of bytes and pieces so far, before each piece is kept. If it throws,
   * the body ends.
   */
  readonly came: (bytes: number, pieces: number) => void;
  /** Counts work that took as long as this many pieces; gives other work its turn if it is due. */
  readonly worked: (pieces: number) => Promise<void> | undefined;
}

export class StreamedBody {
  readonly #reader: PieceReader;
  #buffer = new ArrayBuffer(0);
  #length = 0;
  #isGivenUp = false;

  constructor(body: ReadableStream<Piece>, private readonly options: StreamedBodyOptions) {
    this.#reader = pieceReader(body);
  }

  /** The whole body; undefined content if it was abandoned. */
  async whole(): Promise<Piece> {
    try {
      let done = 0;
      for (let pieces = 1; !this.#isGivenUp; pieces++) {
        const piece = await this.#reader.next();
        if (piece === undefined || this.#isGivenUp) break;
        this.options.came(this.#length + piece.length, pieces);
        this.#append(piece);
        const work = 1 + Math.floor(piece.length / BYTES_AS_A_PIECE);
        done += work;
        const pausing = this.options.worked(work);
        if (pausing !== undefined && done > PIECES_AT_ONCE) await pausing;
      }
      return new Uint8Array(this.#buffer, 0, this.#length);
    } finally {
      this.#reader.leave();
    }
  }

  /** Discards all that the client sends from now on. */
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

/** `Deno.serve` passes a byte stream; other callers may pass a stream of chunks. */
function pieceReader(body: ReadableStream<Piece>): PieceReader {
  try {
    return intoOwnBuffer(body.getReader({ mode: "byob" }));
  } catch (error) {
    if (!(error instanceof TypeError) || body.locked) throw error;
  }
  const reader = body.getReader();
  return {
    next: async () => (await reader.read()).value,
    leave: () => void reader.cancel().catch(() => {}), // The body has already broken off.
  };
}

/** Valid only until the next read, which reuses the buffer. */
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
    // The server closes the connection after the answer. Cancelling would first receive the rest of
    // the body, in one turn of the event loop.
    leave: () => {},
  };
}

/**
 * For a request that is refused without reading its body. Unless it is awaited, an announced body
 * that never arrives keeps the connection open, even after the server has stopped.
 */
export function leaveUnread(request: Request): void {
  if (request.bodyUsed || request.body === null || request.body.locked) return;
  request.body.getReader().read().catch(() => {}); // The connection has closed.
}
