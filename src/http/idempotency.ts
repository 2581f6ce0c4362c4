/** `Idempotency-Key`: the same key and body create once. */

import { createHash } from "node:crypto";
import type { JsonValue } from "../core/json.ts";
import { invalidRequest } from "./problem.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;

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
  if (!KEY.test(key)) {
    const detail = "must be 1 to 255 visible ASCII characters";
    throw invalidRequest([{ header: "Idempotency-Key", detail }]);
  }
  return { key, digest: createHash("sha256").update(JSON.stringify(document)).digest("hex") };
}
