/** Where a segment ends, without reading all of it. */

import type { LogId } from "../core/ids.ts";
import type { OpenFile } from "./file_system.ts";

const FIRST_READ_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** The position of the last line of a segment, or `undefined` when that is no whole line. */
export async function lastLogIdIn(file: OpenFile, bytes: number): Promise<LogId | undefined> {
  for (let length = Math.min(FIRST_READ_BYTES, bytes);; length = Math.min(length * 4, bytes)) {
    const end = await file.read(bytes - length, length);
    if (end.at(-1) !== NEWLINE) return undefined;
    const start = end.lastIndexOf(NEWLINE, end.length - 2) + 1;
    if (start > 0 || length === bytes) return logIdOf(end.subarray(start));
  }
}

function logIdOf(line: Uint8Array): LogId | undefined {
  const head = new TextDecoder().decode(line.subarray(0, 40));
  const digits = /^\{"logId":(\d{1,16}),/.exec(head)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
