/** Answers to requests that the engine refuses. */

import assert from "node:assert/strict";
import { refusalOfFailure } from "../../src/documents/engine_refusal.ts";
import { noDescriptor } from "../support/journal/journal_disk.ts";

Deno.test("refusals: without a file descriptor a request is refused temporarily, with the reason", () => {
  const refusal = refusalOfFailure(noDescriptor());
  assert.equal(refusal?.kind, "over-capacity");
  assert.equal(refusal?.retryAfterSeconds, 1);
  assert.match(refusal?.message ?? "", /no file descriptor left.*ulimit -n/);
});
