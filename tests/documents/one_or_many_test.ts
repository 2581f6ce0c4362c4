/** Many documents in one body, as lines. */

import assert from "node:assert/strict";
import { runToEnd } from "../../src/core/work.ts";
import { manyInLines } from "../../src/documents/one_or_many.ts";
import { Refusal } from "../../src/documents/refusal.ts";

const MAX = 1_000;

const lines = (count: number) =>
  manyInLines("1\n".repeat(count), {
    max: MAX,
    what: "jobs",
    judge: (document) => document,
    unread: () => assert.fail(),
  });

Deno.test("many in lines: others get their turn while lines are counted, of which there may be far too many", () => {
  const work = lines(500_000);
  let steps = 0;
  assert.throws(
    () => {
      while (work.next().done !== true) steps++;
    },
    (error: Error) => error instanceof Refusal && /500000/.test(error.message),
  );
  assert.ok(steps > 100, `${steps} steps`);
  assert.equal(runToEnd(lines(MAX)).items.length, MAX);
});
