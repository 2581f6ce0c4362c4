/** How tests fold entries, replay them, and compare whole states. */

import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type { JobState } from "../../../src/core/job_state.ts";
import { project, type Step } from "../../../src/core/projector.ts";
import type { JobStory } from "./entries.ts";
import { deriveCondition } from "../../../src/core/condition.ts";
import { type Change, changesKnowing } from "../../../src/explain/replay/changes.ts";
import { type Replay, Replaying } from "../../../src/explain/replay/replay_steps.ts";

/** One step for each entry, oldest first. */
export function stepsOf(entries: readonly JobEventLogEntry[], from?: JobState): readonly Step[] {
  const steps: Step[] = [];
  for (const entry of entries) steps.push(project(steps.at(-1)?.job ?? from, entry));
  return steps;
}

/** The step that the last entry made. */
export function lastStep(entries: readonly JobEventLogEntry[]): Step {
  const step = stepsOf(entries).at(-1);
  if (step === undefined) throw new RangeError("Cannot get the last step: there are no entries");
  return step;
}

/** The job after entries, oldest first, by the projector alone. */
export function projectAll(entries: Iterable<JobEventLogEntry>, from?: JobState): JobState {
  let job = from;
  for (const entry of entries) job = project(job, entry).job;
  if (job === undefined) throw new TypeError("Cannot project a job: it has no entries");
  return job;
}

/** The job that a story ends with. */
export function jobOf(story: JobStory): JobState {
  return projectAll(story.entries);
}

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
