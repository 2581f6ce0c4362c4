/** How the content of a segment ends, after its last whole batch. */

import type { LogId } from "../core/ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError } from "./errors.ts";
import type { SegmentScanner } from "./segment_scanner.ts";
import { Buffer } from "node:buffer";
import { crcHolds } from "./line_bytes.ts";

/** Advice for restoring a copy of a journal that was written to while it was copied. */
const COPY_ADVICE = "if this is a copy made while Daybook ran, copy again, or use `deno task " +
  "journal backup`";

/** What a write that a crash cut short left at the end of the last segment. */
export interface TornTail {
  /** Byte offset where whole batches end. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type SegmentEnd =
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
 * @param from where in the segment the bytes begin: offsets count from its start.
 */
export function findSegmentEnd(
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

// Tells a write that a crash cut short from damage. Only one batch is ever on its way to disk, so
// what a crash leaves behind holds lines of that batch and no other.

/** A line of another batch than the one expected. */
interface LaterLine {
  readonly offset: number;
  readonly batch: LogId;
  /** Its `crc` holds; otherwise no more than its beginning is sure. */
  readonly isWhole: boolean;
}

const NEWLINE = 10;
const LINE_START = '{"logId":';
const HEADER = /^\{"logId":(\d{1,16}),"batch":(\d{1,16}),/;
const HEADER_BYTES_MAX = 64;
/** What stands before an object inside another: never the start of a line. */
const BEFORE_NESTED = new Set([":", ",", "["].map((text) => text.charCodeAt(0)));

/**
 * The first line, from an offset on, whose batch is not the one expected there: a whole one,
 * also when the newline in front of it is damaged, or the beginning of one of a later batch.
 * That counts after the newline of a line, since none is inside one, and when its position
 * agrees. It does not count after the newlines of a hole, where what was written ahead is still
 * there: what follows may begin in the middle of a line.
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
    const { logId, batch } = batchBeginning(buffer, offset) ?? { logId: 0, batch: expected };
    if (batch === expected) continue;
    const isWhole = isWholeLine(buffer, offset);
    const isLater = batch > expected && logId >= batch && isAfterLine(buffer, offset);
    if (isWhole || isLater) return { offset, batch, isWhole };
  }
  return undefined;
}

function batchBeginning(
  buffer: Buffer,
  offset: number,
): { readonly logId: LogId; readonly batch: LogId } | undefined {
  const header = HEADER.exec(buffer.toString("latin1", offset, offset + HEADER_BYTES_MAX));
  return header === null ? undefined : { logId: Number(header[1]), batch: Number(header[2]) };
}

/** Whether there is one newline before, or two, as between batches; in a hole there are more. */
function isAfterLine(buffer: Buffer, offset: number): boolean {
  const before = buffer.subarray(Math.max(0, offset - 3), offset);
  if (before.at(-1) !== NEWLINE) return false;
  return before.length < 3 || before.some((byte) => byte !== NEWLINE);
}

function isWholeLine(buffer: Buffer, offset: number): boolean {
  const newline = buffer.indexOf(NEWLINE, offset);
  return crcHolds(buffer, offset, newline < 0 ? buffer.length : newline);
}
