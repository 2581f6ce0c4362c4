import type { LineBytes } from "../../../src/journal/line_bytes.ts";

const encoder = new TextEncoder();

/** A line within a longer text, as the reader of a segment passes it. */
export function lineBytes(text: string, start: number, end: number): LineBytes {
  const byteStart = encoder.encode(text.slice(0, start)).length;
  const byteEnd = byteStart + encoder.encode(text.slice(start, end)).length;
  return { text, start, end, bytes: encoder.encode(text), byteStart, byteEnd };
}
