/** What similar jobs have in common, in words. */

import assert from "node:assert/strict";
import { COMPARED_MAX, contrastText } from "../../src/explain/contrast.ts";

Deno.test("contrastText: if there may be more of a kind, it says that these are the newest", () => {
  const traits = [{ name: "label tenant", value: "nordwind" }];
  assert.equal(
    contrastText({ traits, alike: 3, others: 91 }, "failed"),
    'All 3 jobs that failed like this have label tenant = "nordwind"; none of the 91 that went ' +
      "through has.",
  );
  assert.equal(
    contrastText({ traits, alike: COMPARED_MAX, others: COMPARED_MAX }, "wait"),
    'The newest 100 jobs that wait like this have label tenant = "nordwind"; none of the newest ' +
      "100 that went through has.",
  );
});
