/** What similar jobs have in common, in words. */

import assert from "node:assert/strict";
import { ALIKE_MAX, contrastText, OTHERS_MAX } from "../../src/explain/contrast.ts";

Deno.test("contrastText: if there may be more of a kind, it says that these are the newest", () => {
  const traits = [{ name: "label tenant", value: "nordwind" }];
  assert.equal(
    contrastText({ traits, alike: 3, others: 211 }, "failed"),
    'All 3 jobs that failed like this have label tenant = "nordwind"; none of the 211 that went ' +
      "through has.",
  );
  assert.equal(
    contrastText({ traits, alike: ALIKE_MAX, others: OTHERS_MAX }, "wait"),
    'The newest 100 jobs that wait like this have label tenant = "nordwind"; none of the newest ' +
      "250 that went through has.",
  );
});
