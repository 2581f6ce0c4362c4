/** Whole jobs as the index stores them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { foldAll } from "../../src/core/job_fold.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { parseStored, storedText } from "../../src/index/stored_job.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { projectAll } from "../core/folding.ts";
import { rounds } from "../support/effort.ts";
import { codedJob } from "../support/engine/entries.ts";

function assertKept(job: JobState): void {
  assert.equal(JSON.stringify(parseStored(storedText(job))), JSON.stringify(job));
}

Deno.test("stored job: any job comes back byte for byte", () => {
  const RUNS = { numRuns: rounds(3_000, 3_000, 200) };
  fc.assert(fc.property(stories, ({ entries }) => assertKept(foldAll(entries))), RUNS);
});

Deno.test("stored job: a task with something to tell is kept whole, others are lists", () => {
  const begun = codedJob().started().mainStarted();
  const { entries } = begun.taskStarted("plain").taskCompleted("plain", 1, { result: 7 })
    .taskStarted("undoable").taskCompleted("undoable", 1, { compensable: true, result: 8 });
  const job = projectAll(entries);
  assertKept(job);
  const { tasks } = JSON.parse(storedText(job));
  assert.deepEqual(tasks.map(Array.isArray), [false, true, false]);
});
