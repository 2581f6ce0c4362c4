/** The first sentence about a job that has ended. */

import { assertNever } from "../core/assert_never.ts";
import { MAIN_TASK } from "../core/ids.ts";
import { type Failure, hasCode } from "../core/job_state.ts";
import { type OutlinedHistory, tookMs } from "./outlined_history.ts";
import { neverStarted, notableReasons, repeatedReasons } from "./because_ended.ts";
import { lateLimit } from "./late_limit.ts";
import { compensableTasks } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { heldUntilDeadline, heldUpReasons } from "./hold_up_texts.ts";
import { namedInputText } from "./named_input.ts";
import { durationText } from "../core/duration.ts";
import { errorText } from "../core/error_text.ts";
import { actorText, cancelReason, capital, shortened, taskText } from "./phrases.ts";
import { lastWaitGivenUp } from "./run_answers.ts";
import { countedOfAnother, eventsTooLate } from "./retrospect.ts";
import { timeSpent, timeText } from "./time_spent.ts";
import { lateDeadlineText } from "./times.ts";
import { resultsOfOtherCode } from "./retried.ts";
import { returnedErrors } from "./returned_errors.ts";
import { usualText } from "./usual_time.ts";

/** How many names a sentence has. */
export const NAMES_MAX = 5;

export function succeeded(outlined: OutlinedHistory, evidence: Evidence): string {
  const { job } = outlined;
  if (job.state !== "Done") return "is Done.";
  const took = tookText(outlined, evidence);
  const done = job.failure === undefined
    ? `is Done since ${job.endedAt}${took}.`
    : `is Done since ${job.endedAt}${took}: it failed (${failureText(job.failure)}), ` +
      "and its policy accepts a compensated end.";
  const [aside] = [
    ...notableReasons(outlined, evidence),
    ...took === "" ? heldUpReasons(outlined, evidence) : [],
  ];
  return aside === undefined ? done : `${done} ${aside.statement}`;
}

/** `, after 3 d, where the 6 ... took 2 ms in the median: 3 d waiting for "signed" (...)`. */
function tookText(outlined: OutlinedHistory, evidence: Evidence): string {
  const { usual } = evidence;
  const ms = tookMs(outlined);
  const parts = timeSpent(outlined, evidence);
  if (parts.length === 0 || ms === undefined || usual === undefined) return "";
  return `, after ${durationText(ms)}, ${usualText(usual, outlined.job)}: ${timeText(parts)}`;
}

export function failed(outlined: OutlinedHistory, evidence: Evidence): string {
  const { job } = outlined;
  if (job.state !== "Failed") return "is Failed.";
  const { failure } = job;
  const recovery = failure.recoveryRequired
    ? ` ${capital(uncompensatedText(outlined))} failed as well: an operator must see to it.`
    : "";
  const givenUp = failure.kind === "error" && failure.taskId === MAIN_TASK
    ? lastWaitGivenUp(outlined)
    : undefined;
  const late = lateLimit(outlined, evidence);
  return failure.kind === "cancelled"
    ? `was cancelled${actorText(outlined.failedBy?.entry ?? {})}${
      cancelReason(failure)
    }.${recovery}`
    : neverStarted(outlined, job)
    ? `could not be started: ${errorText(failure.error)}.`
    : [
      `failed: ${failureText(failure)}${namedInputText(job, failure.error.message)}` +
      `${neverRanText(outlined)}${lateDeadlineText(outlined)}.${recovery}`,
      ...[
        ...countedOfAnother(outlined),
        ...returnedErrors(outlined),
        ...resultsOfOtherCode(outlined, evidence),
        givenUp,
        late,
      ]
        .flatMap((one) => one?.statement ?? []),
      ...[
        ...repeatedReasons(outlined, evidence).slice(0, 1),
        ...eventsTooLate(outlined, evidence),
        ...heldUntilDeadline(outlined, evidence),
      ].map(({ statement }) => statement),
    ].join(" ");
}

/** For a job whose deadline passed before it got a worker. */
function neverRanText({ job, failedBy, attempts }: OutlinedHistory): string {
  return failedBy?.entry.eventType === "job.DeadlinePassed" && hasCode(job) && attempts.size === 0
    ? ", before any of its code had run"
    : "";
}

/** `the compensation of task debit (Error: the bank is closed)`. */
function uncompensatedText({ job }: OutlinedHistory): string {
  const failed = compensableTasks(job).flatMap(({ taskId, compensation }) =>
    compensation?.status === "failed"
      ? [`${taskText(taskId)} (${errorText(compensation.error)})`]
      : []
  );
  return failed.length === 0
    ? "a compensation"
    : `the compensation of ${shortened(failed, NAMES_MAX)}`;
}

export function failureText(failure: Failure | undefined): string {
  if (failure === undefined) return "a failure";
  const { kind, taskId, error } = failure;
  switch (kind) {
    case "cancelled":
      return `a cancellation${cancelReason(failure)}`;
    case "deadLetter":
      return `${taskText(taskId ?? MAIN_TASK)} used up its attempts, the last error being ` +
        errorText(error);
    case "poison":
      return `${taskText(taskId ?? MAIN_TASK)} failed for good with ${errorText(error)}`;
    case "error":
      if (taskId === MAIN_TASK) return `run threw ${errorText(error)}`;
      if (error.name === "DeadlinePassed") return error.message;
      return error.message === policyMessage(error.name)
        ? `${error.name} came, which its policy names an error`
        : errorText(error);
    default:
      return assertNever(kind, "kind of failure");
  }
}

/** The message that `failureBy` gives an event without one. */
function policyMessage(eventType: string): string {
  return `the policy names ${eventType} an error`;
}
