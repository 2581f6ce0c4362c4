/** Reads a segment back in pieces, and verifies every line of it: crc, position and chain. */

import { JournalDamagedError } from "./errors.ts";
import type { OpenFile } from "./file_system.ts";
import type { SealedSegment } from "./sealed_segment.ts";
import { SegmentScanner } from "./segment_scanner.ts";

/** What is read at once, unless a batch is longer. */
const PIECE_BYTES = 512 * 1024;

/**
 * @param pause Lets others have their turn, where it is due; called after each batch.
 * @throws {JournalDamagedError} when it is not what it is known to be.
 */
export async function requireWhole(
  file: OpenFile,
  segment: SealedSegment,
  pause: () => Promise<void> | undefined,
): Promise<void> {
  let size = await file.size();
  let end = { offset: 0, nextLogId: segment.firstLogId, chain: segment.chainBefore };
  for (let length = PIECE_BYTES; end.offset < size;) {
    const from = end.offset;
    const wanted = Math.min(length, size - from);
    const bytes = await file.read(from, wanted);
    const start = from === 0 ? "opening" : "later";
    const scanner = new SegmentScanner(bytes, end.nextLogId, end.chain, start);
    scanner.parsedFrom = Infinity;
    while (scanner.next() !== undefined) {
      const pausing = pause();
      if (pausing !== undefined) await pausing;
    }
    const isRest = bytes.length < wanted || from + wanted >= size;
    requireNoFlaw(segment, scanner, from, isRest);
    if (isRest) size = from + bytes.length;
    // A batch that does not end in the piece is read again, with more of what follows it.
    length = scanner.end > 0 ? PIECE_BYTES : 2 * length;
    end = { offset: from + scanner.end, nextLogId: scanner.nextLogId, chain: scanner.chain };
  }
  requireKnown(segment, end);
}

function requireNoFlaw(
  segment: SealedSegment,
  { flaw }: SegmentScanner,
  from: number,
  isRest: boolean,
): void {
  if (flaw === undefined || (flaw.maybeTorn && !isRest)) return;
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
