/**
 * Keys of inputs under a secret key of the operator's, who keeps it elsewhere: then a copy
 * of the whole journal folder, `keys/` included, tells nobody anything.
 */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = "wrapped1.";

/** The text of a key file; without a secret key it is the key itself. */
export function keyText(key: Uint8Array, name: string, secretKey: Uint8Array | undefined): string {
  if (secretKey === undefined) return Buffer.from(key).toString("base64url");
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, secretKey, iv);
  cipher.setAAD(new TextEncoder().encode(name));
  const parts = [iv, cipher.update(key), cipher.final(), cipher.getAuthTag()];
  return PREFIX + Buffer.concat(parts).toString("base64url");
}

/**
 * The key in the text of a key file, which may be of any length when it is not wrapped.
 *
 * @param name The name of the file: a key that was moved to another job's is not opened.
 * @throws {TypeError} saying why it cannot be unwrapped.
 */
export function keyIn(
  text: string,
  name: string,
  secretKey: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  if (!text.startsWith(PREFIX)) return Uint8Array.from(Buffer.from(text, "base64url"));
  if (secretKey === undefined) {
    throw new TypeError("it is wrapped: set DAYBOOK_SECRET_KEY or --secret-key-file");
  }
  const bytes = Buffer.from(text.slice(PREFIX.length), "base64url");
  const end = Math.max(IV_BYTES, bytes.length - TAG_BYTES);
  try {
    const decipher = createDecipheriv(ALGORITHM, secretKey, bytes.subarray(0, IV_BYTES));
    decipher.setAAD(new TextEncoder().encode(name));
    decipher.setAuthTag(bytes.subarray(end));
    const key = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, end)), decipher.final()]);
    return Uint8Array.from(key);
  } catch {
    throw new TypeError("it is wrapped with another secret key than the one that is set");
  }
}
