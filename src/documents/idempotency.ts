/** Idempotency keys: the same key and document create a job only once. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { JsonValue } from "../core/json.ts";
import { invalidRequest } from "./refusal.ts";

const KEY_RULE = "must be 1 to 255 visible ASCII characters";

/** `Idempotency-Key`: the same key and body create a job only once. */
export const idempotencyKeyField = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE));

/**
 * @throws {Refusal} `invalid-request` if there is an invalid key.
 */
export function requireKey(key: string | null): void {
  if (key === null || v.is(idempotencyKeyField, key)) return;
  throw invalidRequest([{ header: "Idempotency-Key", detail: KEY_RULE }]);
}

/**
 * A key with a digest of the document, ignoring white space; `undefined` without a key.
 *
 * @param place The place among many documents with the same key. The result cannot collide with a
 * key from a header.
 * @throws {Refusal} `invalid-request` if the key is invalid.
 */
export function toIdempotency(
  key: string | null | undefined,
  document: JsonValue,
  place?: number,
): { readonly key: string; readonly digest: string } | undefined {
  if (key === null || key === undefined) return undefined;
  requireKey(key);
  const ofPlace = place === undefined ? key : `${key} ${place}`;
  return {
    key: ofPlace,
    digest: createHash("sha256").update(JSON.stringify(document)).digest("hex"),
  };
}
