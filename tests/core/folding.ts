/** How the tests of the core fold entries. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { project, type Step } from "../../src/core/projector.ts";
import type { JobStory } from "../support/engine/entries.ts";

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
