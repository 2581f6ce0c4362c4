/** A job's life step by step: for each entry the row that applied, what it changed, and why. */

import { atOnce, type Work } from "./at_once.ts";
import { type Change, changesKnowing } from "./changes.ts";
import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";
import { type Applied, JobFold } from "./job_fold.ts";
import type { JobState } from "./job_state.ts";
import type { RuleName } from "./rules.ts";
import { whyOf } from "./why.ts";

export interface ReplayStep {
  readonly logId: LogId;
  readonly eventType: string;
  /** The row of the state table; see `RULES`. */
  readonly rule: RuleName;
  readonly changed: readonly Change[];
  readonly why: string;
}

export interface Replay {
  /** The job after the last step. */
  readonly job: JobState;
  readonly steps: readonly ReplayStep[];
}

/**
 * Folds entries of one job, oldest first. States are not kept: memory goes by what
 * changed.
 *
 * @throws {TypeError} when there are none, or the first is not `job.JobCreated`.
 */
export function replaySteps(entries: Iterable<JobEventLogEntry>): Replay {
  return atOnce(replaying(entries));
}

/** The same, as work with a pause after each entry. */
export function* replaying(entries: Iterable<JobEventLogEntry>): Work<Replay> {
  const steps: ReplayStep[] = [];
  const fold = new JobFold();
  for (const entry of entries) {
    steps.push(replayStep(entry, fold.apply(entry)));
    yield;
  }
  const { job } = fold;
  if (job === undefined) throw new TypeError("Cannot replay a job: it has no entries");
  return { job, steps };
}

/** What one entry did. */
export function replayStep(entry: JobEventLogEntry, applied: Applied): ReplayStep {
  const { before, job, rule, conditionBefore, condition } = applied;
  return {
    logId: entry.logId,
    eventType: entry.eventType,
    rule,
    changed: changesKnowing(before, job, conditionBefore, condition),
    why: whyOf(before, entry, applied),
  };
}
