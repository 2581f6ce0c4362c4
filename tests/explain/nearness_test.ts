/** How far an event is from an expectation, without texts. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import { taskId } from "../../src/core/ids.ts";
import type { MatchableEvent } from "../../src/core/job_plan.ts";
import {
  correlationMismatches,
  mismatchDistance,
  mismatchesWith,
} from "../../src/explain/mismatch.ts";
import {
  correlationDistance,
  expectationDistance,
  findNearest,
} from "../../src/explain/nearness.ts";
import { expectation } from "../support/engine/entries.ts";
import { attributesOf, correlations } from "../core/arbitrary_correlations.ts";
import { cases } from "../support/effort.ts";

Deno.test("correlationDistance: it is that of the described clauses", () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const distance = mismatchDistance(correlationMismatches(correlation, attributes));
      assert.equal(correlationDistance(correlation, attributes), distance);
      seen.add(distance);
    }),
    { numRuns: 20_000 },
  );
  assert.ok([0, 1, 2, 9, 10, 11, 20].every((distance) => seen.has(distance)), String([...seen]));
});

Deno.test("expectationDistance: another task is a separate clause, which is close if only the case differs", () => {
  const tasks = fc.constantFrom("charge", "Charge", "reserve").map(taskId);
  fc.assert(
    fc.property(correlations, attributesOf, tasks, tasks, (correlation, attributes, one, other) => {
      const expected = expectation("paid", "ec.Paid", { correlation, taskId: one });
      const event: MatchableEvent = { eventType: "ec.Paid", taskId: other, attributes };
      const distance = mismatchDistance(mismatchesWith(expected, event));
      assert.equal(expectationDistance(expected, event), distance);
    }),
    { numRuns: cases(5_000) },
  );
});

Deno.test("correlationDistance: a very large number of parts does not overflow the stack", () => {
  const parts = Array<Correlation>(400_000).fill({ equals: { a: 1 } });
  assert.equal(correlationDistance({ anyOf: parts }, {}), 10);
  assert.equal(correlationDistance({ all: parts }, {}), 4_000_000);
});

Deno.test("findNearest: it returns the first of several equally near ones, and none of none", () => {
  assert.equal(findNearest(["far", "b", "a"], (name) => name.length), "b");
  assert.equal(findNearest([], () => 0), undefined);
});
