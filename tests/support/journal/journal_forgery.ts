/** Changes lines of a segment and corrects every crc and chain, like a forger. */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

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

function bodyOf(line: string): string {
  return line.replace(/(?:,"chain":"[^"]*")?,"crc":"[^"]*"\}$/, "");
}

/** A line of the format, from everything before its crc. */
export function withCrc(body: string): string {
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
