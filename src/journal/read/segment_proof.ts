/**
 * What is known of a full segment, and whether its file is that: it is read in pieces. The chain of
 * a batch proves all its bytes; lines are read one by one only to find what is wrong.
 */

import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import type { Pause } from "../../engine/turns.ts";
import { JournalDamagedError } from "../errors.ts";
import type { OpenFile } from "../files/file_system.ts";
import { type Piece, readPieces } from "./segment_pieces.ts";
import type { ScannedBatch } from "./segment_scanner.ts";

/** Where a segment begins in the chain, and how far it has come. */
export interface SegmentEnds {
  /** The chain before its first batch; empty in the first segment of the journal. */
  readonly chainBefore: string;
  /** The chain of its last batch; while it is empty, the chain before it. */
  readonly chain: string;
  /** Whether its last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  /** The format version in its opening line; `undefined` while it is empty. */
  readonly formatVersion: number | undefined;
}

export interface SealedSegment extends SegmentInfo, SegmentEnds {
  readonly lastLogId: LogId;
  readonly formatVersion: number;
}

/** The ends of an active segment that is still empty, in an empty journal. */
export const NO_ENDS: SegmentEnds = {
  chainBefore: "",
  chain: "",
  stopped: false,
  formatVersion: undefined,
};

/** A segment to prove. What is not known of its chain is taken from its opening line. */
export type ProvableSegment =
  & SegmentInfo
  & Pick<SealedSegment, "lastLogId">
  & Partial<Pick<SealedSegment, "chainBefore" | "chain">>;

export function isSameSegment(known: SealedSegment, found: SealedSegment): boolean {
  return known.name === found.name && known.bytes === found.bytes &&
    known.lastLogId === found.lastLogId && known.chainBefore === found.chainBefore &&
    known.chain === found.chain && known.stopped === found.stopped &&
    known.formatVersion === found.formatVersion;
}

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
  segment: ProvableSegment,
  pause: Pause,
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
  let end = { offset: 0, nextLogId: segment.firstLogId, chain: segment.chainBefore ?? "" };
  for await (const piece of pieces) {
    const { scanner, from } = piece;
    scanner.checksCrcs = onBatch !== undefined;
    for (const batch of scanner.batches()) {
      onBatch?.(batch, from);
      const pausing = pause();
      if (pausing !== undefined) await pausing;
    }
    requireNoFlaw(segment, piece);
    end = { offset: from + scanner.end, nextLogId: scanner.nextLogId, chain: scanner.chain };
  }
  requireKnown(segment, end);
}

function requireNoFlaw(segment: ProvableSegment, { scanner: { flaw }, from, isLast }: Piece): void {
  if (flaw === undefined || (flaw.maybeTorn && !isLast)) return;
  const location = { segment: segment.name, offset: from + flaw.offset, logId: flaw.logId };
  throw new JournalDamagedError(location, flaw.reason);
}

function requireKnown(
  { name, lastLogId, chain }: ProvableSegment,
  end: { readonly offset: number; readonly nextLogId: number; readonly chain: string },
): void {
  const hasChain = chain === undefined || end.chain === chain;
  if (end.nextLogId === lastLogId + 1 && hasChain) return;
  const reason = end.nextLogId <= lastLogId
    ? `the segment ends here, and held entries up to logId ${lastLogId}`
    : `the segment held entries up to logId ${lastLogId}, whose chain was ${chain}`;
  throw new JournalDamagedError(
    { segment: name, offset: end.offset, logId: end.nextLogId },
    reason,
  );
}
