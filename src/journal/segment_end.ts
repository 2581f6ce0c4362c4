/** How the content of a segment ends, after its last whole batch. */

import type { LogId } from "../core/ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError } from "./errors.ts";
import type { SegmentScanner } from "./segment_scanner.ts";
import { findOtherBatch } from "./torn_tail.ts";

/** For who restored a copy of a journal that went on while it was copied. */
const COPY_ADVICE = "if this is a copy that was made while Daybook ran, copy once more, or " +
  "with `deno task journal backup`";

/** What a write that a crash cut short left at the end of the last segment. */
export interface TornTail {
  /** Byte offset where whole batches end. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export type SegmentEnd =
  | { readonly kind: "whole" }
  | { readonly kind: "torn"; readonly tail: TornTail }
  | {
    readonly kind: "damaged";
    /** Byte offset of the line at fault. */
    readonly offset: number;
    /** The position that should be there. */
    readonly logId: LogId;
    readonly reason: string;
    /** Nothing is wrong but the age of this program. */
    readonly byNewerVersion: boolean;
  };

/**
 * Tells a write that was cut short from damage, once the scanner gives no more batches.
 *
 * @param from where in the segment the bytes begin: offsets are told from its start.
 */
export function endOf(
  bytes: Uint8Array<ArrayBuffer>,
  scanner: SegmentScanner,
  isLast: boolean,
  from = 0,
): SegmentEnd {
  const { flaw, end, nextLogId } = scanner;
  if (flaw === undefined) return { kind: "whole" };
  const later = flaw.maybeTorn ? findOtherBatch(bytes, end, nextLogId) : undefined;
  if (isLast && flaw.maybeTorn && later === undefined) {
    return { kind: "torn", tail: { offset: from + end, bytes: bytes.subarray(end) } };
  }
  const { offset, logId, byNewerVersion } = flaw;
  const proof = later === undefined
    ? (flaw.maybeTorn ? `, and another segment follows; ${COPY_ADVICE}` : "")
    : `, and ${later.isWhole ? "a whole line" : "the beginning of a line"} of batch ` +
      `${later.batch} is at byte ${from + later.offset}`;
  return {
    kind: "damaged",
    offset: from + offset,
    logId,
    reason: flaw.reason + proof,
    byNewerVersion,
  };
}

/** The segments as they are without a tail, which is always the last one's. */
export function withoutTail(
  segments: readonly SegmentInfo[],
  tail: TornTail | undefined,
): readonly SegmentInfo[] {
  const last = segments.at(-1);
  if (last === undefined || tail === undefined) return segments;
  return [...segments.slice(0, -1), { ...last, bytes: tail.offset }];
}

/** The damage that a segment is which does not begin where the one before it ends. */
export function gapBefore(segment: SegmentInfo, expected: LogId): JournalDamagedError {
  const location = { segment: segment.name, offset: 0, logId: expected };
  return new JournalDamagedError(location, gapReason(segment, expected));
}

/** What is wrong with a segment that does not begin where the one before it ends. */
export function gapReason(segment: SegmentInfo, expected: LogId): string {
  return `logId ${expected} should be here, but the segment begins with ${segment.firstLogId}; ` +
    COPY_ADVICE;
}
