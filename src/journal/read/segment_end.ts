/** Determines what follows the last whole batch of a segment: nothing, a torn tail, or damage. */

import { Buffer } from "node:buffer";
import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import { type Damage, JournalDamagedError } from "../errors.ts";
import type { SegmentScanner } from "./segment_scanner.ts";
import { crcHolds, headerIn, LINE_START, NEWLINE } from "../format/line_bytes.ts";

/** Advice for a copy of a journal that was written to while it was copied. */
const COPY_ADVICE = "if this is a copy made while Daybook ran, copy again, or use `deno task " +
  "journal backup`";

/** What an interrupted write left at the end of the last segment. */
export interface TornTail {
  /** Byte offset where whole batches end. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * What follows the last whole batch, once the scanner returns no more: nothing, the tail that an
 * interrupted write left, or damage.
 *
 * @param from The offset of `bytes` in the segment; result offsets are relative to the segment.
 */
export function findSegmentEnd(
  { name }: Pick<SegmentInfo, "name">,
  bytes: Uint8Array<ArrayBuffer>,
  scanner: SegmentScanner,
  isLast: boolean,
  from = 0,
): TornTail | Damage | undefined {
  const { flaw, end, nextLogId } = scanner;
  if (flaw === undefined) return undefined;
  const { logId, byNewerVersion } = flaw;
  const later = flaw.maybeTorn ? findOtherBatch(bytes, end, nextLogId) : undefined;
  if (isLast && flaw.maybeTorn && later === undefined) {
    return { offset: from + end, bytes: bytes.subarray(end) };
  }
  const proof = later === undefined
    ? (flaw.maybeTorn ? `, and another segment follows; ${COPY_ADVICE}` : "")
    : `, and ${later.isWhole ? "a whole line" : "the beginning of a line"} of batch ` +
      `${later.batch} is at byte ${from + later.offset}`;
  const reason = flaw.reason + proof;
  return { segment: name, offset: from + flaw.offset, logId, reason, byNewerVersion };
}

/** The same for readers that stop at damage. @throws {JournalDamagedError} */
export function tornTail(...place: Parameters<typeof findSegmentEnd>): TornTail | undefined {
  const end = findSegmentEnd(...place);
  if (end === undefined || "bytes" in end) return end;
  throw new JournalDamagedError(end, end.reason, end.byNewerVersion);
}

/** The segments without a torn tail, which only the last one can have. */
export function withoutTail(
  segments: readonly SegmentInfo[],
  tail: TornTail | undefined,
): readonly SegmentInfo[] {
  const last = segments.at(-1);
  if (last === undefined || tail === undefined) return segments;
  return [...segments.slice(0, -1), { ...last, bytes: tail.offset }];
}

/** The error for a segment that does not begin where the previous one ends. */
export function gapBefore(segment: SegmentInfo, expected: LogId): JournalDamagedError {
  const location = { segment: segment.name, offset: 0, logId: expected };
  return new JournalDamagedError(location, gapReason(segment, expected));
}

/** Describes a segment that does not begin where the previous one ends. */
export function gapReason(segment: SegmentInfo, expected: LogId): string {
  return `logId ${expected} should be here, but the segment begins with ${segment.firstLogId}; ` +
    COPY_ADVICE;
}

// How an interrupted write differs from damage: only one batch is written at a time, so what a
// crash leaves behind holds lines of that batch only.

/** A line of a batch other than the expected one. */
interface LaterLine {
  readonly offset: number;
  readonly batch: LogId;
  /** Whether its `crc` matches; otherwise only its beginning was recognized. */
  readonly isWhole: boolean;
}

const HEADER_BYTES_MAX = 64;
/** Characters before a nested object, which is never the start of a line. */
const BEFORE_NESTED = new Set([":", ",", "["].map((text) => text.charCodeAt(0)));

/**
 * Finds the first line, from an offset on, of a batch other than the expected one: either an intact
 * line, even if the newline before it is damaged, or the beginning of a line of a later batch. Such
 * a beginning counts only if its position fits and it follows the newline of a line, since lines
 * contain no newlines. It does not count after a run of preallocated newlines, which marks a hole:
 * what follows may start in the middle of a line.
 */
export function findOtherBatch(
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  expected: LogId,
): LaterLine | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (
    let offset = buffer.indexOf(LINE_START, from);
    offset >= 0;
    offset = buffer.indexOf(LINE_START, offset + 1)
  ) {
    if (BEFORE_NESTED.has(buffer[offset - 1] ?? NEWLINE)) continue;
    const beginning = buffer.toString("latin1", offset, offset + HEADER_BYTES_MAX);
    const { logId, batch } = headerIn(beginning) ?? { logId: 0, batch: expected };
    if (batch === expected) continue;
    const isWhole = isWholeLine(buffer, offset);
    const isLater = batch > expected && logId >= batch && isAfterLine(buffer, offset);
    if (isWhole || isLater) return { offset, batch, isWhole };
  }
  return undefined;
}

/** Whether one newline precedes, or two, as between batches; a hole has more. */
function isAfterLine(buffer: Buffer, offset: number): boolean {
  const before = buffer.subarray(Math.max(0, offset - 3), offset);
  if (before.at(-1) !== NEWLINE) return false;
  return before.length < 3 || before.some((byte) => byte !== NEWLINE);
}

function isWholeLine(buffer: Buffer, offset: number): boolean {
  const newline = buffer.indexOf(NEWLINE, offset);
  return crcHolds(buffer, offset, newline < 0 ? buffer.length : newline);
}
