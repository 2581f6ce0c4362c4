/**
 * Iterates over the lines of a segment, both as bytes and as text. Text is decoded in large
 * windows, because each decoder call has a high fixed cost; most windows are ASCII, which needs no
 * decoder.
 */

import { Buffer, isAscii } from "node:buffer";

const NEWLINE = 10;
const WINDOW_BYTES = 64 * 1024;

/** Keeps a byte order mark, so that it is found as damage, and rejects text that is not UTF-8. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
