/**
 * Attempts that were running when the job failed. Their effects remain: no compensation knows about
 * them, and a retry of the job repeats them.
 */

import { assertNever } from "../core/assert_never.ts";
import type { Reasons } from "./explanation.ts";
import { MAIN_TASK, type TaskId } from "../core/ids.ts";
import { isTerminal } from "../core/job_state.ts";
import { showSome } from "./show_some.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { attemptCited, cutShortText, recordedAttemptText } from "./attempts.ts";
import type { Attempt } from "./attempts_noted.ts";
import type { Evidence } from "./evidence.ts";
import { type InterruptionReason, isWithdrawal } from "../core/framework_events.ts";
import { errorText } from "../core/error_text.ts";
import { capital, shortened, taskText } from "./phrases.ts";

export interface Overtaken {
  readonly taskId: TaskId;
  readonly attempt: Attempt;
}

const NAMES_MAX = 10;

/** In the order of the tasks. Those that completed while the job was Compensating are undone. */
export function overtakenAttempts(outlined: OutlinedHistory): readonly Overtaken[] {
  const { job, failedBy, attempts } = outlined;
  if (failedBy === undefined) return [];
  return job.tasks.flatMap(({ taskId, status }) => {
    if (taskId === MAIN_TASK || status === "completed") return [];
    const attempt = attempts.get(taskId)?.findLast(({ started }) =>
      started !== undefined && started.logId < failedBy.entry.logId
    );
    const end = attempt?.ended?.entry.logId ?? Infinity;
    return attempt !== undefined && end > failedBy.entry.logId ? [{ taskId, attempt }] : [];
  });
}

export function unendedAttempts(outlined: OutlinedHistory): readonly Overtaken[] {
  return overtakenAttempts(outlined).filter(({ attempt }) => attempt.ended === undefined);
}

/** The outcome of each. */
export function overtakenReasons(outlined: OutlinedHistory, causes: Evidence["causes"]): Reasons {
  const cited = outlined.conditionSince.logId;
  return showSome(overtakenAttempts(outlined), cited, ({ taskId, attempt }) => {
    const { ended } = attempt;
    const cites = attemptCited(attempt, causes);
    const which = recordedAttemptText(attempt, attempt.maxAttempts);
    const statement = ended === undefined
      ? openText(outlined, taskId, which, attempt)
      : endText(outlined, taskId, which, ended, causes);
    return [{ statement, cites }];
  });
}

function openText(
  outlined: OutlinedHistory,
  taskId: TaskId,
  which: string,
  { started }: Attempt,
): string {
  const subject = capital(taskText(taskId));
  if (!isTerminal(outlined.job)) {
    const since = started === undefined ? "" : ` since ${started.receivedAt}`;
    return `${subject} is still in ${which}${since}; nothing is undone before that has ended.`;
  }
  return `${subject} was in ${which} when the job ${failedText(outlined)}, and its end is not on ` +
    "record: it may have done its work.";
}

function endText(
  outlined: OutlinedHistory,
  taskId: TaskId,
  which: string,
  { entry, end }: NonNullable<Attempt["ended"]>,
  causes: Evidence["causes"],
): string {
  const at = entry.receivedAt;
  const task = taskText(taskId);
  const after = `after the job ${hadFailedText(outlined)}`;
  switch (end.kind) {
    case "completed":
      return `${capital(task)} completed at ${at}, ${after}: its effect is in place.`;
    case "failed":
      return `${capital(which)} of ${task} failed at ${at}, ${after}: ${errorText(end.error)}.`;
    case "interrupted":
      return `${capital(which)} of ${task} was cut short, as recorded at ${at}: ${
        cutShortText(entry, end.reason, causes)
      }. ${howFar(end.reason)}`;
    default:
      return assertNever(end, "end of an attempt");
  }
}

/** `task charge and task mail were under way when the job failed`. */
export function underWayText(outlined: OutlinedHistory, overtaken: readonly Overtaken[]): string {
  const names = shortened(overtaken.map(({ taskId }) => taskText(taskId)), NAMES_MAX);
  return `${names} ${overtaken.length === 1 ? "was" : "were"} under way when the job ` +
    failedText(outlined);
}

function failedText(outlined: OutlinedHistory): string {
  return isCancelled(outlined) ? "was cancelled" : "failed";
}

function hadFailedText(outlined: OutlinedHistory): string {
  return isCancelled(outlined) ? "had been cancelled" : "had failed";
}

function isCancelled({ failedBy }: OutlinedHistory): boolean {
  return failedBy?.entry.eventType === "job.JobCancelled";
}

function howFar(reason: InterruptionReason): string {
  return isWithdrawal(reason) ? "Its handler was not called." : "How far it got is not on record.";
}
