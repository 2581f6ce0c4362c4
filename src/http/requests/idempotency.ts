/** `Idempotency-Key`: the same key and body create once. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { JsonValue } from "../../core/json.ts";
import { invalidRequest } from "../problems/problem.ts";

const KEY_RULE = "must be 1 to 255 visible ASCII characters";

export const idempotencyKeyField = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE),
);

/**
 * A key with a digest of what the document says, white space aside, or `undefined` when
 * there is no key.
 *
 * @throws {Problem} `invalid-request` when the key is illegal.
 */
export function idempotencyOf(
  key: string | null | undefined,
  document: JsonValue,
): { readonly key: string; readonly digest: string } | undefined {
  if (key === null || key === undefined) return undefined;
  if (!v.is(idempotencyKeyField, key)) {
    throw invalidRequest([{ header: "Idempotency-Key", detail: KEY_RULE }]);
  }
  return { key, digest: createHash("sha256").update(JSON.stringify(document)).digest("hex") };
}
