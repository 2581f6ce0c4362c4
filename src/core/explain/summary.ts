/** The explanation in one sentence. */

import { assertNever } from "../assert_never.ts";
import { type Condition, conditionOf } from "../condition.ts";
import { counted } from "../counted.ts";
import type { WaitingFor } from "../explanation.ts";
import { type LogId, MAIN_TASK } from "../ids.ts";
import { type Failure, isTerminal } from "../job_state.ts";
import { type Annals, maxAttemptsOf } from "./annals.ts";
import { runningTasks } from "./because.ts";
import { compensableTasks } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { attemptText, errorText, reasonText, shortened, taskText, timeText } from "./phrases.ts";
import { nearestText } from "./waiting_for.ts";

const NAMES_MAX = 5;

export function summaryOf(
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  const { job } = annals;
  const what = doing(conditionOf(job), annals, evidence, waitingFor);
  const missing = evidence.circumstances.definition === "missing" && !isTerminal(job)
    ? ` Its code cannot run here: no definition of type ${job.type ?? ""} is loaded.`
    : "";
  return `Job ${job.jobId} ${what}${missing}`;
}

function doing(
  condition: Condition,
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  switch (condition) {
    case "created":
      return "is created, and nothing has started it.";
    case "scheduled":
      return `is scheduled to start at ${annals.created.attributes.startAt ?? ""}.`;
    case "queued":
      return queued(evidence);
    case "executing":
      return executing(annals);
    case "waiting":
      return waiting(annals, waitingFor);
    case "backingOff":
      return backingOff(annals);
    case "suspended":
      return suspended(annals);
    case "compensating":
      return compensating(annals);
    case "succeeded":
      return succeeded(annals);
    case "failed":
    case "cancelled":
      return failed(annals);
    default:
      return assertNever(condition, "condition");
  }
}

function queued({ circumstances: { queue } }: Evidence): string {
  return queue === undefined
    ? "is queued: it wants a worker."
    : `is queued: ${counted(queue.ahead, "job")} ahead of it, and ${queue.busy} of ` +
      `${counted(queue.maxRunning, "worker")} busy.`;
}

function executing({ job, attempts }: Annals): string {
  const tasks = runningTasks(job);
  const names = tasks.map(({ taskId, attempts: attempt }) =>
    taskId === MAIN_TASK
      ? "run"
      : `${taskText(taskId)}, ${attemptText(attempt, maxAttemptsOf(attempts.get(taskId) ?? []))}`
  );
  return `is executing ${shortened(names, NAMES_MAX)}.`;
}

function waiting({ job }: Annals, waitingFor: readonly WaitingFor<LogId>[]): string {
  const waits = waitingFor.map(({ expectation, eventType, matched, required }) =>
    `"${expectation}" (${eventType}), ${matched} of ${required}`
  );
  if (waits.length === 0) return "is waiting, and its code will go on with what it has.";
  const near = nearestText(waitingFor);
  const nearest = near === undefined ? "" : ` Nearly: ${near}`;
  const ended = job.tasks.some(({ taskId, status }) =>
    taskId === MAIN_TASK && status === "completed"
  );
  return `is waiting for ${shortened(waits, NAMES_MAX)}${ended ? ", its code having ended" : ""}.` +
    nearest;
}

function backingOff({ job, attempts }: Annals): string {
  const tasks = job.tasks.filter((task) => task.status === "backingOff");
  const texts = tasks.map(({ taskId, attempts: attempt, retryAt, error }) => {
    const which = attemptText(attempt, maxAttemptsOf(attempts.get(taskId) ?? []));
    return `${taskText(taskId)} failed in ${which} (${
      errorText(error)
    }) and is tried again at ${retryAt}`;
  });
  return `is backing off: ${shortened(texts, NAMES_MAX)}.`;
}

function suspended({ suspended }: Annals): string {
  if (suspended === undefined) return "is suspended.";
  return `is suspended by a control since ${timeText(suspended)}` +
    `${reasonText(suspended.attributes.reason)}.`;
}

function compensating({ job }: Annals): string {
  const tasks = compensableTasks(job);
  const undone = tasks.filter(({ compensation }) => compensation?.status === "compensated");
  const progress = tasks.length === 0
    ? ""
    : ` ${undone.length} of ${counted(tasks.length, "task")} undone,`;
  const failure = "failure" in job ? job.failure : undefined;
  return `is compensating:${progress} after ${failureText(failure)}.`;
}

function succeeded({ job }: Annals): string {
  if (job.state !== "Done") return "is Done.";
  return job.failure === undefined
    ? `is Done since ${job.endedAt}.`
    : `is Done since ${job.endedAt}: it failed (${failureText(job.failure)}), ` +
      "and its policy accepts a compensated end.";
}

function failed({ job }: Annals): string {
  if (job.state !== "Failed") return "is Failed.";
  const { failure } = job;
  const recovery = failure.recoveryRequired
    ? " A compensation failed as well: an operator must see to it."
    : "";
  return failure.kind === "cancelled"
    ? `was cancelled${cancelReason(failure)}.${recovery}`
    : `failed: ${failureText(failure)}.${recovery}`;
}

function cancelReason({ error }: Failure): string {
  return error.message === "cancelled by an operator" ? "" : reasonText(error.message);
}

function failureText(failure: Failure | undefined): string {
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
      return taskId === MAIN_TASK ? `run threw ${errorText(error)}` : errorText(error);
    default:
      return assertNever(kind, "kind of failure");
  }
}
