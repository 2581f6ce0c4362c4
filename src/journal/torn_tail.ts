/**
 * Tells a write that a crash cut short from damage. Only one batch is ever on its way
 * to disk, so what a crash leaves behind holds lines of that batch and no other.
 */

import { Buffer } from "node:buffer";
import type { LogId } from "../core/ids.ts";
import { crcHolds } from "./line_reader.ts";

/** A whole line of another batch than the one expected. */
export interface LaterLine {
  readonly offset: number;
  readonly batch: LogId;
}

const NEWLINE = 10;
const LINE_START = '{"logId":';
const HEADER = /^\{"logId":\d{1,16},"batch":(\d{1,16}),/;
const HEADER_BYTES_MAX = 64;
/** What stands before an object inside another: never the start of a line. */
const BEFORE_NESTED = new Set([":", ",", "["].map((text) => text.charCodeAt(0)));

/**
 * The first whole line, from an offset on, whose batch is not the one expected there. It
 * also finds a line whose newline in front is damaged.
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
    const batch = batchOfWholeLine(buffer, offset);
    if (batch !== undefined && batch !== expected) return { offset, batch };
  }
  return undefined;
}

function batchOfWholeLine(buffer: Buffer, offset: number): LogId | undefined {
  const newline = buffer.indexOf(NEWLINE, offset);
  const end = newline < 0 ? buffer.length : newline;
  if (!crcHolds(buffer, offset, end)) return undefined;
  const header = HEADER.exec(buffer.toString("latin1", offset, offset + HEADER_BYTES_MAX));
  return header === null ? undefined : Number(header[1]);
}
