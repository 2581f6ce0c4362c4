/** Idempotency keys: the same key and document create once. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { JsonValue } from "../core/json.ts";
import { invalidRequest } from "./refusal.ts";

const KEY_RULE = "must be 1 to 255 visible ASCII characters";

/** `Idempotency-Key`: the same key and body create once. */
export const idempotencyKeyField = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE),
);

/** @throws {Refusal} `invalid-request` when there is a key, and it is illegal. */
export function requireKey(key: string | null): void {
  if (key === null || v.is(idempotencyKeyField, key)) return;
  throw invalidRequest([{ header: "Idempotency-Key", detail: KEY_RULE }]);
}

/**
 * A key with a digest of what the document says, white space aside, or `undefined` when
 * there is no key.
 *
 * @param place Of one of many documents that came with the key: no header can hold a key like
 * what is made of both.
 * @throws {Refusal} `invalid-request` when the key is illegal.
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
