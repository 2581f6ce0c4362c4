/** Encodes text as UTF-8, and finds lines in bytes. */

const NEWLINE = 10;
/** The most bytes that one UTF-16 code unit of a string can need. */
const BYTES_PER_UNIT_MAX = 3;

const encoder = new TextEncoder();

/** Encodes a text into a buffer that has spare bytes after it. */
export function utf8WithSpare(
  text: string,
  spareBytes: number,
): { readonly buffer: Uint8Array<ArrayBuffer>; readonly length: number } {
  const buffer = new Uint8Array(text.length + spareBytes);
  const { read, written } = encoder.encodeInto(text, buffer.subarray(0, text.length));
  if (read === text.length) return { buffer, length: written };
  const larger = new Uint8Array(text.length * BYTES_PER_UNIT_MAX + spareBytes);
  return { buffer: larger, length: encoder.encodeInto(text, larger).written };
}

/** Byte offsets of the lines that are not blank. */
export function lineStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) starts.push(start);
    start = end + 1;
  }
  return starts;
}

/** The number, from 1, of the line that begins at a byte offset. */
export function lineNumberAt(bytes: Uint8Array, offset: number): number {
  let number = 1;
  for (
    let at = bytes.indexOf(NEWLINE);
    at >= 0 && at < offset;
    at = bytes.indexOf(NEWLINE, at + 1)
  ) {
    number++;
  }
  return number;
}
