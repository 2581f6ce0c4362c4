/**
 * A body that is read as it comes. All of it is in one buffer, so that it takes the memory that
 * it has bytes, however small the pieces are; and a body that is given up gives it back at once,
 * without waiting for the garbage collector.
 */

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

export interface StreamedBodyOptions {
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
