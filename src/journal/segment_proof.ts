/**
 * Reads a segment in pieces and verifies that it is what is known of it. The chain of a batch proves
 * all its bytes; lines are read one by one only to find what is wrong.
 */

import { JournalDamagedError } from "./errors.ts";
import type { OpenFile } from "./file_system.ts";
import type { SealedSegment } from "./segment_rolls.ts";
import { type Piece, readPieces } from "./segment_pieces.ts";
import type { ScannedBatch } from "./segment_scanner.ts";

/** Small, because the read runs beside other work. */
const PIECE_BYTES = 512 * 1024;

/**
 * @param pause Yields to other work if due; called after each batch.
 * @param onBatch Called with each batch and the offset that its offsets are relative to. All lines
 * are then read one by one.
 * @throws {JournalDamagedError} when the file differs from what is known of the segment.
 */
export async function requireWhole(
  file: Pick<OpenFile, "read" | "size">,
  segment: SealedSegment,
  pause: () => Promise<void> | undefined,
  onBatch?: (batch: ScannedBatch, origin: number) => void,
): Promise<void> {
  const pieces = readPieces({
    file,
    bytes: await file.size(),
    firstLogId: segment.firstLogId,
    chain: segment.chainBefore,
    parsedFrom: Infinity,
    pieceBytes: PIECE_BYTES,
  });
  let end = { offset: 0, nextLogId: segment.firstLogId, chain: segment.chainBefore };
  for await (const piece of pieces) {
    const { scanner, from } = piece;
    for (;;) {
      if (onBatch !== undefined || !scanner.skipProven()) {
        const batch = scanner.next();
        if (batch === undefined) break;
        onBatch?.(batch, from);
      }
      const pausing = pause();
      if (pausing !== undefined) await pausing;
    }
    requireNoFlaw(segment, piece);
    end = { offset: from + scanner.end, nextLogId: scanner.nextLogId, chain: scanner.chain };
  }
  requireKnown(segment, end);
}

function requireNoFlaw(segment: SealedSegment, { scanner: { flaw }, from, isLast }: Piece): void {
  if (flaw === undefined || (flaw.maybeTorn && !isLast)) return;
  const location = { segment: segment.name, offset: from + flaw.offset, logId: flaw.logId };
  throw new JournalDamagedError(location, flaw.reason);
}

function requireKnown(
  { name, lastLogId, chain }: SealedSegment,
  end: { readonly offset: number; readonly nextLogId: number; readonly chain: string },
): void {
  if (end.nextLogId === lastLogId + 1 && end.chain === chain) return;
  const reason = end.nextLogId <= lastLogId
    ? `the segment ends here, and held entries up to logId ${lastLogId}`
    : `the segment held entries up to logId ${lastLogId}, whose chain was ${chain}`;
  throw new JournalDamagedError(
    { segment: name, offset: end.offset, logId: end.nextLogId },
    reason,
  );
}
