/** Decisions on attempts: how one begins, and what its failure means. Pure. */

import {
  accept,
  type Decision,
  reject,
  rejectState,
  type StartAttemptsCommand,
  type StartCompensationCommand,
} from "./command.ts";
import type { JobEventDraft } from "./event.ts";
import type { ErrorFact, FailureKind } from "./framework_events.ts";
import { startOfExecution } from "./ids.ts";
import { compensationOf, findTask, isHeld, type JobState } from "./job_state.ts";
import { backoffMs, type RetryPolicy } from "./retry_policy.ts";

export function decideStartAttempts(job: JobState, command: StartAttemptsCommand): Decision {
  if (job.state !== "Running") return rejectState(job, "start a task of", ["Running"]);
  if (isHeld(job)) {
    return reject(`Cannot start a task of job ${job.jobId}: it is held`, []);
  }
  return accept(command.attempts.map((request) => startOf(job, request)));
}

interface StartAttributes {
  readonly attempt: number;
  readonly maxAttempts?: number;
  timeoutMs?: number;
  compensable?: true;
}

function startOf(job: JobState, request: StartAttemptsCommand["attempts"][number]): JobEventDraft {
  const { taskId, executionId, maxAttempts, timeoutMs, compensable, trace } = request;
  // Member by member: spread objects would take a kilobyte for each attempt.
  const attempt = (findTask(job, taskId)?.attempts ?? 0) + 1;
  const attributes: StartAttributes = maxAttempts === undefined
    ? { attempt }
    : { attempt, maxAttempts };
  if (timeoutMs !== undefined) attributes.timeoutMs = timeoutMs;
  if (compensable) attributes.compensable = true;
  const start: JobEventDraft = {
    stratum: "framework",
    eventType: "job.TaskStarted",
    jobId: job.jobId,
    eventId: startOfExecution(executionId),
    taskId,
    executionId,
    attributes,
  };
  return trace === undefined ? start : { ...start, ...trace };
}

export function decideStartCompensation(
  job: JobState,
  command: StartCompensationCommand,
): Decision {
  if (job.state !== "Compensating") return rejectState(job, "compensate", ["Compensating"]);
  if (isHeld(job)) {
    return reject(`Cannot compensate job ${job.jobId}: it is held`, []);
  }
  const task = findTask(job, command.taskId);
  const attempts = compensationOf(task)?.attempts ?? 0;
  return accept([{
    stratum: "framework",
    eventType: "job.CompensationStarted",
    jobId: job.jobId,
    eventId: startOfExecution(command.executionId),
    taskId: command.taskId,
    executionId: command.executionId,
    attributes: {
      attempt: attempts + 1,
      ...(command.maxAttempts === undefined ? {} : { maxAttempts: command.maxAttempts }),
    },
  }]);
}

/** How an attempt failed. */
export type AttemptError =
  | {
    readonly kind: "failed";
    readonly error: ErrorFact;
    /** If its time limit ended it: how long it had run. */
    readonly timedOutMs?: number;
  }
  | { readonly kind: "nonRetryable"; readonly error: ErrorFact }
  | { readonly kind: "retryLater"; readonly error: ErrorFact; readonly delayMs: number };

type AttemptVerdict =
  | { readonly final: true; readonly kind: FailureKind }
  | { readonly final: false; readonly delayMs: number };

/**
 * Whether a failed attempt is retried, and after what delay.
 *
 * @param failures The failed attempts of this task, including this one.
 * @param random From 0 up to 1, for the jitter.
 */
export function judgeFailure(
  outcome: AttemptError,
  policy: RetryPolicy,
  failures: number,
  random: number,
): AttemptVerdict {
  if (outcome.kind === "nonRetryable") return { final: true, kind: "poison" };
  if (failures >= policy.maxAttempts) return { final: true, kind: "deadLetter" };
  return outcome.kind === "retryLater"
    ? { final: false, delayMs: outcome.delayMs }
    : { final: false, delayMs: backoffMs(policy, failures, random) };
}
