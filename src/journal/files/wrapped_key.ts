/**
 * Encodes the key of a sealed input as text. If the operator sets a secret key, which is kept
 * elsewhere, the stored keys are useless without it.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { Buffer } from "node:buffer";
import type { JobId } from "../../core/ids.ts";
import { JournalUnusableError } from "../errors.ts";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = "wrapped1.";
const KEY_BYTES = 32;

/** A key for one job. */
export function newKey(): Uint8Array {
  return randomBytes(KEY_BYTES);
}

/**
 * The name under which the key of a job is stored: a digest, so that no id can lead to another
 * path.
 */
export function keyName(jobId: JobId): string {
  return createHash("sha256").update(jobId).digest("hex");
}

/** The text of a key, wrapped with the secret key if there is one. */
export function keyText(key: Uint8Array, name: string, secretKey: Uint8Array | undefined): string {
  if (secretKey === undefined) return Buffer.from(key).toString("base64url");
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, secretKey, iv);
  cipher.setAAD(new TextEncoder().encode(name));
  const parts = [iv, cipher.update(key), cipher.final(), cipher.getAuthTag()];
  return PREFIX + Buffer.concat(parts).toString("base64url");
}

/**
 * The key in a text.
 *
 * @param name The name that it was wrapped with: a key that was moved to another job is rejected.
 * @param place Where the text is, for the message.
 * @throws {JournalUnusableError} when it cannot be unwrapped.
 */
export function keyIn(
  text: string,
  name: string,
  secretKey: Uint8Array | undefined,
  place: string,
): Uint8Array<ArrayBuffer> {
  const key = unwrapped(text, name, secretKey);
  if (typeof key === "string") throw new JournalUnusableError("use", place, key);
  if (key.length === KEY_BYTES) return Uint8Array.from(key);
  throw new JournalUnusableError("use", place, `it holds ${key.length} bytes, not ${KEY_BYTES}`);
}

/** The key in a text, which may have any length, or why it cannot be unwrapped. */
function unwrapped(
  text: string,
  name: string,
  secretKey: Uint8Array | undefined,
): Uint8Array | string {
  if (!text.startsWith(PREFIX)) return Buffer.from(text, "base64url");
  if (secretKey === undefined) {
    return "it is wrapped: set DAYBOOK_SECRET_KEY or --secret-key-file";
  }
  const bytes = Buffer.from(text.slice(PREFIX.length), "base64url");
  const end = Math.max(IV_BYTES, bytes.length - TAG_BYTES);
  try {
    const decipher = createDecipheriv(ALGORITHM, secretKey, bytes.subarray(0, IV_BYTES));
    decipher.setAAD(new TextEncoder().encode(name));
    decipher.setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, end)), decipher.final()]);
  } catch {
    return "it is wrapped with another secret key, not the one that is set";
  }
}
