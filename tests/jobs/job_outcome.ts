/** How a job that ships ended, as its journal tells it. */

import assert from "node:assert/strict";
import { type JobId, taskId } from "../../src/core/ids.ts";
import { findTask, isTerminal, type JobState } from "../../src/core/job_state.ts";
import type { Harness } from "../support/engine/engine_harness.ts";

/** The fake clock does not move meanwhile: a job that never ends makes the test hang. */
const LIMIT_MS = 1;

/** The job, when it has ended; for work that awaits more than a few turns. */
export async function ended(daybook: Harness, id: JobId): Promise<JobState> {
  const job = await daybook.engine.waitFor(id, isTerminal, LIMIT_MS);
  daybook.assertSound();
  return job;
}

/** The output of a job that is done. */
export function outputOf(job: JobState): unknown {
  assert.equal(job.state, "Done", JSON.stringify("failure" in job ? job.failure : job.state));
  const main = findTask(job, taskId("main"));
  return main?.status === "completed" ? main.result : undefined;
}

/** Why a job failed. */
export function failureOf(job: JobState) {
  assert.equal(job.state, "Failed");
  return "failure" in job ? job.failure : undefined;
}
