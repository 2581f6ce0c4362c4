/** What a job is doing right now, for operators; derived from its state alone. */

import { MAIN_TASK } from "./ids.ts";
import { requiredMatches } from "./job_plan.ts";
import { findTask, hasCode, type JobState, type RunningJob } from "./job_state.ts";

export const CONDITIONS = [
  "created",
  "scheduled",
  "queued",
  "executing",
  "waiting",
  "backingOff",
  "suspended",
  "compensating",
  "succeeded",
  "failed",
  "cancelled",
] as const;

export type Condition = (typeof CONDITIONS)[number];

export function conditionOf(job: JobState): Condition {
  switch (job.state) {
    case "Created":
      return job.startAt === undefined ? "created" : "scheduled";
    case "Running":
      return job.suspendedBy === undefined ? runningCondition(job) : "suspended";
    case "Compensating":
      return job.suspendedBy === undefined ? "compensating" : "suspended";
    case "Done":
      return "succeeded";
    case "Failed":
      return job.failure.kind === "cancelled" ? "cancelled" : "failed";
  }
}

function runningCondition(job: RunningJob): Condition {
  if (!hasCode(job)) return "waiting";
  let backingOff = false;
  for (const task of job.tasks) {
    if (task.taskId === MAIN_TASK) continue;
    if (task.status === "running") return "executing";
    backingOff ||= task.status === "backingOff";
  }
  if (backingOff) return "backingOff";
  const main = findTask(job, MAIN_TASK);
  switch (main?.status) {
    case "running":
      return "executing";
    case "completed":
      return "waiting";
    case "backingOff":
      return "backingOff";
    case "waiting":
      return main.expectations.some((id) => isSatisfied(job, id)) ? "queued" : "waiting";
    default:
      return "queued";
  }
}

/** Whether the expectation of this id has all its matches; false when there is none. */
export function isSatisfied(job: JobState, expectationId: string): boolean {
  const index = job.plan.expected.findIndex((expected) => expected.id === expectationId);
  const expected = job.plan.expected[index];
  const progress = job.expected[index];
  return expected !== undefined && progress !== undefined &&
    progress.matched >= requiredMatches(expected.multiplicity);
}

/** Whether every expectation of the plan has all its matches. */
export function allSatisfied(job: JobState): boolean {
  return job.plan.expected.every((expected, index) =>
    (job.expected[index]?.matched ?? 0) >= requiredMatches(expected.multiplicity)
  );
}
