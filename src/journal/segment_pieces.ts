/**
 * Reads a segment in pieces, of which only one or two are in memory. Each begins where the last
 * whole batch of the one before ends.
 */

import type { LogId } from "../core/ids.ts";
import type { OpenFile } from "./file_system.ts";
import { SegmentScanner } from "./segment_scanner.ts";

export interface Piece {
  /** Where it begins in the segment: what the scanner tells is counted from there. */
  readonly from: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All its batches must be read before the next piece is requested. */
  readonly scanner: SegmentScanner;
  /** Whether the segment ends with it: then what the scanner did not like is judged. */
  readonly isLast: boolean;
}

interface PiecesOptions {
  readonly file: Pick<OpenFile, "read">;
  /** What comes later in the file is not read. */
  readonly bytes: number;
  readonly firstLogId: LogId;
  /** The chain before the segment. */
  readonly chain: string;
  /** As of the scanner. */
  readonly parsedFrom: LogId;
  /** Read at a time; 1 MiB. */
  readonly pieceBytes?: number;
}

const PIECE_BYTES = 1024 * 1024;

/** At least one. While a piece is scanned the next one is read. */
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
 * A batch that does not end in a piece is read again with as much as there was, so twice at most.
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

/** The bytes of a file, one after the other; the next ones are read ahead. */
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
    // A file that has become shorter ends there.
    if (bytes.length < wanted) this.#size = this.#offset;
    this.#begin();
    return bytes;
  }

  /** Nothing is being read any more. */
  async settled(): Promise<void> {
    await this.#reading?.catch(() => {});
  }

  #begin(): void {
    const length = Math.min(this.#pieceBytes, this.#size - this.#offset);
    this.#reading = length > 0 ? this.#file.read(this.#offset, length) : undefined;
    this.#reading?.catch(() => {}); // It is awaited later, when its turn comes.
  }
}
