/**
 * Reads a segment in pieces, of which at most two are in memory. Each begins where the last whole
 * batch of the previous piece ends.
 */

import type { LogId } from "../core/ids.ts";
import type { OpenFile } from "./file_system.ts";
import { SegmentScanner } from "./segment_scanner.ts";

export interface Piece {
  /** Its offset in the segment; the offsets of the scanner are relative to it. */
  readonly from: number;
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
  /** The chain before the segment. */
  readonly chain: string;
  /** See `SegmentScanner.parsedFrom`. */
  readonly parsedFrom: LogId;
  /** The most bytes per read; default 1 MiB. */
  readonly pieceBytes?: number;
}

const PIECE_BYTES = 1024 * 1024;

/** Yields at least one piece. While a piece is scanned, the next one is read. */
export async function* readPieces(options: PiecesOptions): AsyncGenerator<Piece> {
  const { firstLogId, chain, parsedFrom } = options;
  const ahead = new ReadAhead(options);
  let place = { from: 0, nextLogId: firstLogId, chain };
  let bytes = await ahead.next();
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
      place = { from: from + end, nextLogId: scanner.nextLogId, chain: scanner.chain };
      bytes = await restWith(bytes.subarray(end), end === 0, ahead);
    }
  } finally {
    await ahead.settled();
  }
}

/**
 * Joins the rest of a piece with the next one. A batch longer than a piece is retried with at least
 * twice the bytes, so that the total work stays linear.
 */
async function restWith(
  rest: Uint8Array<ArrayBuffer>,
  isLong: boolean,
  ahead: ReadAhead,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [rest];
  let added = 0;
  do {
    const part = await ahead.next();
    added += part.length;
    parts.push(part);
  } while (isLong && added < rest.length && !ahead.isAtEnd);
  return joined(parts);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const filled = parts.filter(({ length }) => length > 0);
  if (filled.length <= 1) return filled[0] ?? new Uint8Array();
  const whole = new Uint8Array(filled.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of filled) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Reads a file in sequence, one read ahead. */
class ReadAhead {
  readonly #file: PiecesOptions["file"];
  readonly #pieceBytes: number;
  #size: number;
  #offset = 0;
  #reading: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor({ file, bytes, pieceBytes = PIECE_BYTES }: PiecesOptions) {
    this.#file = file;
    this.#size = bytes;
    this.#pieceBytes = pieceBytes;
    this.#begin();
  }

  get isAtEnd(): boolean {
    return this.#reading === undefined;
  }

  async next(): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.min(this.#pieceBytes, this.#size - this.#offset);
    const bytes = await this.#reading ?? new Uint8Array();
    this.#offset += bytes.length;
    // The file has become shorter: it ends here.
    if (bytes.length < wanted) this.#size = this.#offset;
    this.#begin();
    return bytes;
  }

  /** Resolves when no read is running. */
  async settled(): Promise<void> {
    await this.#reading?.catch(() => {});
  }

  #begin(): void {
    const length = Math.min(this.#pieceBytes, this.#size - this.#offset);
    this.#reading = length > 0 ? this.#file.read(this.#offset, length) : undefined;
    this.#reading?.catch(() => {}); // Awaited later, by `next`.
  }
}
