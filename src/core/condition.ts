/** What a job is doing right now, for operators; derived from its state alone. */

import { assertNever } from "./assert_never.ts";
import { type LogId, MAIN_TASK } from "./ids.ts";
import { requiredMatches } from "./job_plan.ts";
import {
  findTask,
  hasCode,
  type JobState,
  type RunningJob,
  type TaskState,
  type WaitingTask,
} from "./job_state.ts";

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
    default:
      return assertNever(job, "state");
  }
}

function runningCondition(job: RunningJob): Condition {
  if (!hasCode(job)) return "waiting";
  const main = findTask(job, MAIN_TASK);
  let backingOff = false;
  let interrupted = false;
  let lastCompleted = 0;
  for (const task of job.tasks) {
    if (task.taskId === MAIN_TASK) continue;
    if (task.status === "running") return "executing";
    backingOff ||= task.status === "backingOff";
    interrupted ||= task.status === "interrupted";
    if (task.status === "completed") lastCompleted = Math.max(lastCompleted, task.completedBy);
  }
  if (main?.status === "completed") return "waiting";
  if (interrupted) return "queued";
  return backingOff ? "backingOff" : mainCondition(job, main, lastCompleted);
}

/** No other task is open: what `run` itself is doing. */
function mainCondition(
  job: RunningJob,
  main: TaskState | undefined,
  lastCompleted: LogId,
): Condition {
  switch (main?.status) {
    case "running":
      return "executing";
    case "waiting":
      return hasAnswer(job, main, lastCompleted) ? "queued" : "waiting";
    case "backingOff":
      return "backingOff";
    case "completed":
      return "waiting";
    case undefined:
    case "interrupted":
    case "abandoned":
    case "failed":
      return "queued";
    default:
      return assertNever(main, "status of main");
  }
}

/** Whether something has come since `run` began to wait that it can go on with. */
function hasAnswer(job: RunningJob, main: WaitingTask, lastCompleted: LogId): boolean {
  return lastCompleted > main.seen || main.expectations.some((id) => isSatisfied(job, id));
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
