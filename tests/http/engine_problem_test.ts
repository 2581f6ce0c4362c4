/** What clients are told when the engine cannot do what they asked for. */

import assert from "node:assert/strict";
import { problemOfFailure } from "../../src/http/problems/engine_problem.ts";
import { noDescriptor } from "../support/journal/journal_disk.ts";

Deno.test("problems: without a file descriptor a request is refused for now, and says why", () => {
  const problem = problemOfFailure(noDescriptor());
  assert.equal(problem?.kind, "over-capacity");
  assert.equal(problem?.headers["retry-after"], "1");
  assert.match(problem?.message ?? "", /no file descriptor left.*ulimit -n/);
});
