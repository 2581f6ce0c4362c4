/** The operator's secret key, as text: 32 bytes in base64, base64url or hexadecimal. */

import { Buffer } from "node:buffer";

const BYTES = 32;

export const SECRET_KEY_RULE = "must be 32 bytes in base64 or hexadecimal, such as from " +
  "openssl rand -base64 32";

/** `undefined` when the text is none; whoever tells of it must not quote it. */
export function secretKeyIn(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Uint8Array.from(Buffer.from(trimmed, "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, "base64");
  return bytes.length === BYTES ? Uint8Array.from(bytes) : undefined;
}
