/** Checks that need no parsing: whether a line is intact, and whether it ends a batch. */

import { crc32 } from "node:zlib";
import { CHAIN_LENGTH, CRC_KEY, CRC_SUFFIX_BYTES } from "./line_codec.ts";

/** A line within a longer text; `end` is the offset of its newline. */
export interface LineText {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The same line, in bytes too. */
export interface LineBytes extends LineText {
  readonly bytes: Uint8Array;
  readonly byteStart: number;
  readonly byteEnd: number;
}

const QUOTE = 0x22;
const HEX_DIGITS = hexDigits();
const NOT_HEX = 255;

/** Whether the bytes of a line, without its newline, match its `crc`. */
export function crcHolds(bytes: Uint8Array, start: number, end: number): boolean {
  const key = end - CRC_SUFFIX_BYTES;
  if (key <= start) return false;
  if (!isTextAt(bytes, key, CRC_KEY)) return false;
  if (bytes[end - 2] !== QUOTE || bytes[end - 1] !== 0x7d) return false;
  return hexAt(bytes, key + CRC_KEY.length) === crc32(bytes.subarray(start, key));
}

/** Whether a line whose `crc` holds has a `chain`, and so ends a batch. */
export function isCommit(bytes: Uint8Array, end: number): boolean {
  return bytes[end - CRC_SUFFIX_BYTES - 1] === QUOTE;
}

/** Whether an ASCII text is at an offset. */
export function isTextAt(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The `chain` of a line that `isCommit`. */
export function chainIn({ text, end }: LineText): string {
  const chainEnd = end - CRC_SUFFIX_BYTES - 1;
  return text.slice(chainEnd - CHAIN_LENGTH, chainEnd);
}

function hexAt(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let index = offset; index < offset + 8; index++) {
    const digit = HEX_DIGITS[bytes[index] ?? 0] ?? NOT_HEX;
    if (digit === NOT_HEX) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigits(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) table[digit.toString(16).charCodeAt(0)] = digit;
  return table;
}
