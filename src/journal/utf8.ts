/** Encodes text as UTF-8, and finds lines in bytes. */

const NEWLINE = 10;
const encoder = new TextEncoder();

/** As many bytes as the text has UTF-16 code units if it is ASCII, which is encoded faster. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  const { read } = encoder.encodeInto(text, bytes);
  return read === text.length ? bytes : encoder.encode(text);
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
