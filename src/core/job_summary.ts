/**
 * The summary of a job, as lists show it, with the names of the job resource. It leaves out input,
 * plan, results and steps, so that it is always small.
 */

import type { ErrorFingerprint } from "./error_fingerprint.ts";
import type { ErrorCause, ErrorFact, FailureKind } from "./framework_events.ts";
import { type JobId, type LogId, MAIN_TASK, type TaskId } from "./ids.ts";
import { MAIN_EXPECTATION_ID, requiredMatches } from "./job_plan.ts";
import { failureHead, jobHead, type ResourceHead } from "./job_resource.ts";
import { findTask, isTerminal, type JobState, type TaskState } from "./job_state.ts";
import { isMetAt, UNMATCHED } from "./expectations.ts";
import { timeMs } from "./duration.ts";
import { shortText } from "./shown_value.ts";

export interface JobSummary extends ResourceHead {
  /** The newest job that is a retry of it. */
  readonly retriedBy?: JobId;
  readonly progress: ProgressSummary;
  /**
   * Milliseconds from its start to its first attempt; `null` before that, and for jobs without
   * code.
   */
  readonly queuedMs: number | null;
  /** Only until it ends. */
  readonly open?: OpenSummary;
  readonly failure: FailureSummary | null;
}

export interface ProgressSummary {
  /** The number of satisfied expectations, and of all expectations, without `main`. */
  readonly satisfied: number;
  readonly expected: number;
  /**
   * The attempts of the task that has had the most. Those of `main` count as one: each wait adds
   * one, although nothing failed.
   */
  readonly attempts: number;
}

/** The first few open tasks and expectations, without `main`. */
interface OpenSummary {
  readonly tasks: readonly TaskId[];
  readonly expected: readonly OpenExpectation[];
}

interface OpenExpectation {
  readonly id: string;
  readonly matched: number;
  readonly required: number;
}

export interface FailureSummary {
  readonly kind: FailureKind;
  readonly taskId: TaskId | null;
  readonly error: ErrorSummary;
  readonly fingerprint: ErrorFingerprint | null;
  readonly recoveryRequired: boolean;
  readonly because: LogId;
}

/** Without a stack, and cut when long. */
type ErrorSummary = Omit<ErrorFact, "stack">;

/** The most open tasks, and the most open expectations. */
const OPEN_MAX = 5;
/** In characters; a cut text ends with `…`. */
const ERROR_LENGTH_MAX = { name: 100, message: 300 };

/** Everything but `retriedBy`, which the job itself does not know. */
export function jobSummary(job: JobState): JobSummary {
  return {
    ...jobHead(job),
    progress: progressSummary(job),
    queuedMs: queuedMsOf(job),
    ...(isTerminal(job) ? {} : { open: openSummary(job) }),
    failure: failureSummary(job),
  };
}

/** Never negative: the clock may have been set back. */
function queuedMsOf(job: JobState): number | null {
  const main = findTask(job, MAIN_TASK);
  if (main === undefined || job.state === "Created") return null;
  return Math.max(0, timeMs(main.startedAt) - timeMs(job.startedAt));
}

function progressSummary(job: JobState): ProgressSummary {
  let [satisfied, all, attempts] = [0, 0, 0];
  for (const [index, { id }] of job.plan.expected.entries()) {
    if (id === MAIN_EXPECTATION_ID) continue;
    all++;
    if (isMetAt(job, index)) satisfied++;
  }
  for (const { taskId, attempts: own } of job.tasks) {
    attempts = Math.max(attempts, taskId === MAIN_TASK ? Math.min(own, 1) : own);
  }
  return { satisfied, expected: all, attempts };
}

function openSummary(job: JobState): OpenSummary {
  const openTasks: TaskId[] = [];
  for (const task of job.tasks) {
    if (openTasks.length === OPEN_MAX) break;
    if (isInHand(task)) openTasks.push(task.taskId);
  }
  const openExpectations: OpenExpectation[] = [];
  for (const [index, { id, multiplicity }] of job.plan.expected.entries()) {
    if (openExpectations.length === OPEN_MAX) break;
    if (id === MAIN_EXPECTATION_ID || isMetAt(job, index)) continue;
    const { matched } = job.expected[index] ?? UNMATCHED;
    openExpectations.push({ id, matched, required: requiredMatches(multiplicity) });
  }
  return { tasks: openTasks, expected: openExpectations };
}

/** Whether the step may still run: an attempt of the task or of its compensation, or a sleep. */
function isInHand(task: TaskState): boolean {
  if (task.taskId === MAIN_TASK) return false;
  switch (task.status) {
    case "running":
    case "backingOff":
    case "sleeping":
    case "interrupted":
      return true;
    case "completed":
      return task.compensation !== undefined &&
        !["compensated", "failed"].includes(task.compensation.status);
    default:
      return false;
  }
}

function failureSummary(job: JobState): FailureSummary | null {
  const head = failureHead(job);
  if (head === null) return null;
  const { error } = head;
  return {
    ...head,
    error: { ...causeSummary(error), name: shortText(error.name, ERROR_LENGTH_MAX.name) },
  };
}

function causeSummary({ name, message, code, cause, errors }: ErrorCause): ErrorCause {
  return {
    ...(name === undefined ? {} : { name: shortText(name, ERROR_LENGTH_MAX.name) }),
    message: shortText(message, ERROR_LENGTH_MAX.message),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: causeSummary(cause) }),
    ...(errors === undefined ? {} : { errors: errors.map(causeSummary) }),
  };
}
