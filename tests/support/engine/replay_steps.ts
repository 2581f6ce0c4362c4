/** Whole replays, and whole states compared. */

import { deriveCondition } from "../../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type { JobState } from "../../../src/core/job_state.ts";
import { type Change, changesKnowing } from "../../../src/explain/changes.ts";
import { type Replay, Replaying } from "../../../src/explain/replay_steps.ts";

/**
 * Every step of these entries.
 *
 * @throws {TypeError} when there are none, or the first is not `job.JobCreated`.
 */
export function replaySteps(entries: Iterable<JobEventLogEntry>): Replay {
  const replaying = new Replaying();
  for (const entry of entries) replaying.apply(entry);
  return replaying.replay;
}

/**
 * The changes from one state of a job to another; `undefined` is a job that does not exist yet.
 * Parts that consecutive states share are skipped.
 */
export function changesBetween(
  before: JobState | undefined,
  after: JobState | undefined,
): readonly Change[] {
  return changesKnowing(
    before,
    after,
    before && deriveCondition(before),
    after && deriveCondition(after),
  );
}
