/**
 * The lines of a segment, both as bytes and as text, and what can be checked without parsing them:
 * whether a line is intact, and whether it ends a batch.
 */

import { Buffer, isAscii } from "node:buffer";
import { crc32 } from "node:zlib";
import type { LogId } from "../../core/ids.ts";
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

export const NEWLINE = 10;
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

/** How each line begins. */
export const LINE_START = '{"logId":';
const HEADER = /^\{"logId":(\d{1,16}),"batch":(\d{1,16}),/;

/** The position and the batch with which a line begins; `undefined` if it begins differently. */
export function headerIn(
  text: string,
): { readonly logId: LogId; readonly batch: LogId } | undefined {
  const header = HEADER.exec(text);
  return header === null ? undefined : { logId: Number(header[1]), batch: Number(header[2]) };
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

const WINDOW_BYTES = 64 * 1024;

/** Keeps a byte order mark, so that it is found as damage, and rejects text that is not UTF-8. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Iterates over the lines of a segment. Text is decoded in large windows, because each decoder call
 * has a high fixed cost; most windows are ASCII, which needs no decoder.
 */
export class LineCursor {
  readonly bytes: Buffer;
  /** Byte offset of the line that `next` moves to. */
  #offset = 0;
  #windowEnd = 0;
  #ascii = false;
  #textNext = 0;

  /** The current line within `text`, the window that holds it. */
  text = "";
  start = 0;
  end = 0;
  /** Byte offsets of the current line; `byteEnd` is the offset of its newline. */
  byteStart = 0;
  byteEnd = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Byte offset after the current line. */
  get offset(): number {
    return this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset >= this.bytes.length;
  }

  /** Moves to the next line; `false` if no complete UTF-8 line follows. */
  next(): boolean {
    if (this.#offset >= this.#windowEnd && !this.#load()) return false;
    this.start = this.#textNext;
    this.end = this.text.indexOf("\n", this.start);
    this.byteStart = this.#offset;
    this.byteEnd = this.#ascii
      ? this.byteStart + this.end - this.start
      : this.bytes.indexOf(NEWLINE, this.byteStart);
    this.#textNext = this.end + 1;
    this.#offset = this.byteEnd + 1;
    return true;
  }

  /** Moves past a blank line; `false`, without moving, when the next line is not blank. */
  skipBlank(): boolean {
    return this.bytes[this.#offset] === NEWLINE && this.next();
  }

  /** Moves to the line that begins at a byte offset. */
  moveTo(offset: number): void {
    this.#offset = this.#windowEnd = offset;
  }

  #load(): boolean {
    const lineEnd = this.bytes.indexOf(NEWLINE, this.#offset) + 1;
    if (lineEnd === 0) return false;
    const limit = this.#offset + WINDOW_BYTES;
    const windowEnd = this.bytes.lastIndexOf(NEWLINE, limit) + 1;
    // A window that is not all UTF-8 is decoded line by line, up to the damaged line.
    return this.#decode(Math.max(windowEnd, lineEnd)) || this.#decode(lineEnd);
  }

  #decode(windowEnd: number): boolean {
    const window = this.bytes.subarray(this.#offset, windowEnd);
    this.#ascii = isAscii(window);
    try {
      this.text = this.#ascii ? window.toString("latin1") : decoder.decode(window);
    } catch {
      return false;
    }
    this.#windowEnd = windowEnd;
    this.#textNext = 0;
    return true;
  }
}
