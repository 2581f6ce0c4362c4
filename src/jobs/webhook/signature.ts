/** Signatures of webhooks. Source: the Standard Webhooks specification, version 1. */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

const SECRET_PREFIX = "whsec_";
const SECRET_PATTERN = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;

/** Of one attempt to deliver a message. */
export interface SignedParts {
  /** The same for each attempt. */
  readonly id: string;
  /** Of this attempt, in seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** @throws {TypeError} when it is no secret; the message does not tell what it is. */
export function keyOf(secret: string): Uint8Array {
  const key = Buffer.from(SECRET_PATTERN.exec(secret)?.[1] ?? "", "base64");
  if (key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) {
    throw new TypeError(
      `Cannot use the webhook secret: it must be ${SECRET_PREFIX} and then ` +
        `${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in base64`,
    );
  }
  return key;
}

/** The value of `webhook-signature`. */
export function signatureOf(key: Uint8Array, { id, timestamp, body }: SignedParts): string {
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return `v1,${digest}`;
}
