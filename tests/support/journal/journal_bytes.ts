/** Bytes of segments: a line in a longer text, newlines written ahead, and forged lines. */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { LineBytes } from "../../../src/journal/format/line_bytes.ts";

const encoder = new TextEncoder();

/** A line within a longer text, as the reader of a segment passes it. */
export function lineBytes(text: string, start: number, end: number): LineBytes {
  const byteStart = encoder.encode(text.slice(0, start)).length;
  const byteEnd = byteStart + encoder.encode(text.slice(start, end)).length;
  return { text, start, end, bytes: encoder.encode(text), byteStart, byteEnd };
}

const NEWLINE = 10;

/** A segment up to the newline of its last line. */
export function withoutBlankEnd(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const last = bytes.findLastIndex((byte) => byte !== NEWLINE);
  return bytes.slice(0, last < 0 ? 0 : last + 2);
}

/** Puts bytes right after the last line of a segment, over the newlines there. */
export async function writeAfterLastLine(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(path, withoutBlankEnd(await Deno.readFile(path)));
  await Deno.writeFile(path, bytes, { append: true });
}

export function withBlankEnd(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(bytes.length + count).fill(NEWLINE);
  longer.set(bytes);
  return longer;
}

// Changes lines of a segment and corrects every crc and chain, like a forger.

/**
 * @param change Returns the new line, without chain and crc.
 * @param previousChain The chain before the segment; `undefined` keeps the chains.
 */
export function forged(
  segment: Uint8Array,
  change: (line: string) => string,
  previousChain?: string,
): Uint8Array<ArrayBuffer> {
  const batches = new TextDecoder().decode(segment).split(/(?<=\n)(?=\n)/);
  let chain = previousChain;
  let text = "";
  for (const batch of batches) {
    const lines = batch.slice(1, -1).split("\n");
    const last = lines.pop() ?? "";
    const whole = lines.map((line) => withCrc(change(bodyOf(line))) + "\n").join("");
    const body = change(bodyOf(last));
    if (chain !== undefined) chain = digest(chain + whole + body);
    const found = /"chain":"([^"]*)"/.exec(last)?.[1] ?? "";
    text += `\n${whole}${withCrc(`${body},"chain":"${chain ?? found}"`)}\n`;
  }
  return new TextEncoder().encode(text);
}

/** A line without its chain and crc. */
export function bodyOf(line: string): string {
  return line.replace(/(?:,"chain":"[^"]*")?,"crc":"[^"]*"\}$/, "");
}

/** A line of the format, from everything before its crc. */
export function withCrc(body: string): string {
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
