/** `Idempotency-Key`: the same key and body create once. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { JsonValue } from "../core/json.ts";
import { invalidRequest } from "./problem.ts";

const KEY_RULE = "must be 1 to 255 visible ASCII characters";

export const idempotencyKeyField = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE),
);

/**
 * The key of a request with a digest of what its body says, white space aside, or
 * `undefined` when it has no key.
 *
 * @throws {Problem} `invalid-request` when the key is illegal.
 */
export function idempotencyOf(
  request: Request,
  document: JsonValue,
): { readonly key: string; readonly digest: string } | undefined {
  const key = request.headers.get("idempotency-key");
  if (key === null) return undefined;
  if (!v.is(idempotencyKeyField, key)) {
    throw invalidRequest([{ header: "Idempotency-Key", detail: KEY_RULE }]);
  }
  return { key, digest: createHash("sha256").update(JSON.stringify(document)).digest("hex") };
}
