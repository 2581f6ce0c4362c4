/**
 * Reads a segment in pieces. Each begins where the last whole batch of the previous piece ends. Two
 * buffers take turns, since memory outside of V8's heap is freed late: with new ones for each piece,
 * 50 MB were waiting for the garbage collector.
 */

import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import { joined } from "../../core/joined.ts";
import { orUnusable } from "../errors.ts";
import type { FileSystem, OpenFile } from "../files/file_system.ts";
import type { Layout } from "../layout.ts";
import { SegmentScanner } from "./segment_scanner.ts";

/** The segments to read, as listed. */
export interface SegmentSource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** Oldest first. Batches appended since they were listed are not read. */
  readonly segments: readonly SegmentInfo[];
}

export interface Piece {
  /** Its offset in the segment; the offsets of the scanner are relative to it. */
  readonly from: number;
  /** Overwritten by a later piece. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All its batches must be scanned before the next piece is requested. */
  readonly scanner: SegmentScanner;
  /** Whether it is the last piece: only then is a flaw of the scanner conclusive. */
  readonly isLast: boolean;
}

interface PiecesOptions {
  readonly file: Pick<OpenFile, "read">;
  /** The size of the segment; later bytes in the file are not read. */
  readonly bytes: number;
  readonly firstLogId: LogId;
  /** The chain before the segment; if `undefined`, taken from its opening line. */
  readonly chain: string | undefined;
  /** See `SegmentScanner.parsedFrom`. */
  readonly parsedFrom: LogId;
  /** The most bytes per read; default 1 MiB. */
  readonly pieceBytes?: number;
}

/** Where a piece begins. */
type Place = Pick<Piece, "from"> & {
  readonly nextLogId: LogId;
  readonly chain: string | undefined;
};

const PIECE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array();

/**
 * The pieces of a segment by its name; the file is closed after the last one.
 *
 * @throws {JournalUnusableError} when it cannot be read.
 */
export async function* piecesOf(
  { fileSystem, layout }: Pick<SegmentSource, "fileSystem" | "layout">,
  { name, firstLogId, bytes }: SegmentInfo,
  chain: string | undefined,
  parsedFrom: LogId,
): AsyncGenerator<Piece> {
  const path = `${layout.segments}/${name}`;
  const file = await orUnusable("read", path, () => fileSystem.open(path, "read"));
  const read: OpenFile["read"] = (offset, length, into) =>
    orUnusable("read", path, () => file.read(offset, length, into));
  try {
    yield* readPieces({ file: { read }, bytes, firstLogId, chain, parsedFrom });
  } finally {
    file.close();
  }
}

/** Yields at least one piece. While a piece is scanned, the next one is read. */
export async function* readPieces(options: PiecesOptions): AsyncGenerator<Piece> {
  const { firstLogId, chain, parsedFrom } = options;
  const ahead = new ReadAhead(options);
  let place: Place = { from: 0, nextLogId: firstLogId, chain };
  let bytes = await ahead.next(NOTHING);
  try {
    for (;;) {
      const { from, nextLogId } = place;
      const start = from === 0 ? "opening" : "later";
      const scanner = new SegmentScanner(bytes, nextLogId, place.chain, start);
      scanner.parsedFrom = parsedFrom;
      const isLast = ahead.isAtEnd;
      yield { from, bytes, scanner, isLast };
      if (isLast) return;
      const { end } = scanner;
      const isFurther = end > 0;
      if (isFurther) {
        place = { from: from + end, nextLogId: scanner.nextLogId, chain: scanner.chain };
      }
      const rest = bytes.subarray(end);
      bytes = isFurther ? await ahead.next(rest) : await longer(rest, ahead);
    }
  } finally {
    await ahead.settled();
  }
}

/**
 * A batch that is longer than its piece, with at least twice the bytes, so that the total work stays
 * linear.
 */
async function longer(
  piece: Uint8Array<ArrayBuffer>,
  ahead: ReadAhead,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [piece.slice()];
  let added = 0;
  do {
    const part = (await ahead.next(NOTHING)).slice();
    added += part.length;
    parts.push(part);
  } while (added < piece.length && !ahead.isAtEnd);
  return joined(Uint8Array, parts);
}

/** Reads a file in sequence, one read ahead. */
class ReadAhead {
  readonly #file: PiecesOptions["file"];
  readonly #pieceBytes: number;
  /** In each, the rest of a piece has room before the next one. */
  readonly #buffers: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  readonly #roomBytes: number;
  #size: number;
  #offset = 0;
  #reading: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor({ file, bytes, pieceBytes = PIECE_BYTES }: PiecesOptions) {
    this.#file = file;
    this.#size = bytes;
    this.#pieceBytes = Math.min(pieceBytes, bytes);
    this.#roomBytes = this.#pieceBytes >> 2;
    const length = this.#roomBytes + this.#pieceBytes;
    this.#buffers = [new Uint8Array(length), new Uint8Array(length)];
    this.#begin();
  }

  get isAtEnd(): boolean {
    return this.#reading === undefined;
  }

  /** The next bytes after the rest of the last piece. */
  async next(rest: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.min(this.#pieceBytes, this.#size - this.#offset);
    const read = await this.#reading ?? NOTHING;
    this.#offset += read.length;
    // The file has become shorter: it ends here.
    if (read.length < wanted) this.#size = this.#offset;
    const bytes = this.#after(rest, read);
    this.#begin();
    return bytes;
  }

  /** Resolves when no read is running. */
  async settled(): Promise<void> {
    await this.#reading?.catch(() => {});
  }

  #after(rest: Uint8Array<ArrayBuffer>, read: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const [, buffer] = this.#buffers;
    const start = this.#roomBytes - rest.length;
    if (read.buffer !== buffer.buffer || start < 0) return joined(Uint8Array, [rest, read]);
    buffer.set(rest, start);
    return buffer.subarray(start, this.#roomBytes + read.length);
  }

  /** Reads into the buffer that no piece uses now. */
  #begin(): void {
    const length = Math.min(this.#pieceBytes, this.#size - this.#offset);
    this.#buffers.reverse();
    const into = this.#buffers[1].subarray(this.#roomBytes);
    this.#reading = length > 0 ? this.#file.read(this.#offset, length, into) : undefined;
    this.#reading?.catch(() => {}); // Awaited later, by `next`.
  }
}
