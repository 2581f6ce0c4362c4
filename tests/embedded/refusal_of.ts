/** The error with which a call was refused. */

import assert from "node:assert/strict";
import { RefusedError } from "../../src/mod.ts";

export async function refusalOf(promise: Promise<unknown>): Promise<RefusedError> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof RefusedError, String(error));
  return error;
}
