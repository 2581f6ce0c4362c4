/** Plans of many expectations, each of which is matched by every event. */

import assert from "node:assert/strict";
import type { JobState } from "../../src/core/job_state.ts";
import { shared } from "../../src/core/expectations.ts";
import { expectation, outsideJob } from "../support/engine/entries.ts";
import { projectAll } from "./folding.ts";

const COUNT = 1_000;

/** Each needs a hundred matches, except every tenth, which needs three. */
function story() {
  const expected = Array.from({ length: COUNT }, (_, index) => {
    const multiplicity = { times: index % 10 === 9 ? 3 : 100 };
    return expectation(`e${index}`, "ec.Happened", { multiplicity });
  });
  return outsideJob(expected).started();
}

/** The number of matches in memory. */
function kept({ expected }: JobState): number {
  return new Set(expected).size;
}

Deno.test("projector: expectations with the same matches share their list", () => {
  let some = story();
  for (let event = 0; event < 5; event++) some = some.correlated("ec.Happened");
  const job = projectAll(some.entries);

  assert.deepEqual(job.expected[0], { matched: 5, by: [3, 4, 5, 6, 7], surplus: 0 });
  assert.deepEqual(job.expected[9], { matched: 3, by: [3, 4, 5], surplus: 2 });
  assert.deepEqual(job.expected[990], job.expected[0]);
  assert.ok(kept(job) <= 4, `${kept(job)} are kept`);
});

Deno.test("projector: a returned state does not change when more entries come", () => {
  const before = projectAll(story().correlated("ec.Happened").entries);
  const text = JSON.stringify(before);
  projectAll(story().correlated("ec.Happened").correlated("ec.Happened").entries.slice(3), before);
  assert.equal(JSON.stringify(before), text);
});

Deno.test("shared: it returns equal values, and neighbours share what they have in common", () => {
  const job = projectAll(story().correlated("ec.Happened").correlated("ec.Happened").entries);
  const read: JobState = JSON.parse(JSON.stringify(job));
  assert.equal(kept(read), COUNT);

  const again = { ...read, expected: shared(read.expected) };
  assert.deepEqual(again, job);
  assert.equal(kept(again), 1);
});
