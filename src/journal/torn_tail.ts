/**
 * Tells a write that a crash cut short from damage. Only one batch is ever on its way
 * to disk, so what a crash leaves behind holds lines of that batch and no other.
 */

import { Buffer } from "node:buffer";
import type { LogId } from "../core/ids.ts";
import { crcHolds } from "./line_bytes.ts";

/** A line of another batch than the one expected. */
export interface LaterLine {
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
    const { logId, batch } = beginningOf(buffer, offset) ?? { logId: 0, batch: expected };
    if (batch === expected) continue;
    const isWhole = isWholeLine(buffer, offset);
    const isLater = batch > expected && logId >= batch && isAfterLine(buffer, offset);
    if (isWhole || isLater) return { offset, batch, isWhole };
  }
  return undefined;
}

function beginningOf(
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
