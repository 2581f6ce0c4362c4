/**
 * Attempts that were running when the job failed. Their effects remain: no compensation knows about
 * them, and a retry repeats them.
 */

import { assertNever } from "../../core/assert_never.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import { isWithdrawal } from "../../core/framework_events.ts";
import { MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import type { Attempt } from "../history/kept_history.ts";
import { capital, shortened, taskText } from "../words/phrases.ts";
import { reason, showSome } from "../statements/statement.ts";
import { attemptCited, attemptsOf, cutShortText, recordedAttemptText } from "./attempts.ts";

interface Overtaken {
  readonly taskId: TaskId;
  readonly attempt: Attempt;
}

/** In the order of the tasks. Those that completed while the job was Compensating are undone. */
export function overtakenAttempts(known: Evidence): readonly Overtaken[] {
  const { job, failedBy } = known;
  if (failedBy === undefined) return [];
  const failedAt = failedBy.entry.logId;
  return job.tasks.flatMap(({ taskId, status }) => {
    if (taskId === MAIN_TASK || status === "completed") return [];
    const attempt = attemptsOf(known, taskId)
      .findLast(({ started }) => started !== undefined && started.logId < failedAt);
    const end = attempt?.ended?.entry.logId ?? Infinity;
    return attempt !== undefined && end > failedAt ? [{ taskId, attempt }] : [];
  });
}

export function unendedAttempts(known: Evidence): readonly Overtaken[] {
  return overtakenAttempts(known).filter(({ attempt }) => attempt.ended === undefined);
}

/** What is missing may be made in a moment, by a task of such a name. */
const OF_MISSING = /\b(?:not found|not exist|no such|404)\b/i;
const MAKING = /^(?:create|make|add|register|provision|write|upload|insert|open|build)\b/i;
/** Shorter words are no names of things. */
const WORD_LENGTH_MIN = 4;

/** A task that ran beside the one that failed, and is named after what that one missed. */
export function madeTooLate(known: Evidence): Reasons {
  const { job } = known;
  if (job.state !== "Failed" || !OF_MISSING.test(job.failure.error.message)) return [];
  const { taskId: failed = MAIN_TASK, error } = job.failure;
  if (failed === MAIN_TASK) return [];
  const [own, said] = [wordsOf(failed), wordsOf(error.message)];
  const maker = overtakenAttempts(known).find(({ taskId }) =>
    MAKING.test(taskId) && wordsOf(taskId).difference(own).intersection(said).size > 0
  );
  if (maker === undefined) return [];
  const statement = `${capital(taskText(maker.taskId))}, which was not awaited first, had not ` +
    `ended: ${taskText(failed)} may have needed what it makes.`;
  return [reason(statement, maker.attempt.started, maker.attempt.ended?.entry)];
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(
    (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter(({ length }) => length >= WORD_LENGTH_MIN),
  );
}

/** The outcome of each. */
export function overtakenReasons(known: Evidence): Reasons {
  return showSome(overtakenAttempts(known), known.conditionSince, (overtaken) => {
    const cites = attemptCited(overtaken.attempt, known.causes);
    return [reason(outcomeText(known, overtaken), ...cites)];
  });
}

function outcomeText(known: Evidence, { taskId, attempt }: Overtaken): string {
  const { ended, started, maxAttempts } = attempt;
  const task = taskText(taskId);
  const which = recordedAttemptText(attempt, maxAttempts);
  const [failed, hadFailed] = failedWords(known);
  if (ended === undefined) {
    const since = started === undefined ? "" : ` since ${started.receivedAt}`;
    return isTerminal(known.job)
      ? `${capital(task)} was in ${which} when the job ${failed}, and its end is not on record: ` +
        "it may have done its work."
      : `${capital(task)} is still in ${which}${since}; nothing is undone before it has ended.`;
  }
  const at = ended.entry.receivedAt;
  switch (ended.kind) {
    case "completed":
      return `${capital(task)} completed at ${at}, after the job ${hadFailed}: ` +
        "its effect is in place.";
    case "failed":
      return `${capital(which)} of ${task} failed at ${at}, after the job ${hadFailed}: ` +
        `${errorText(ended.error)}.`;
    case "interrupted":
      return `${capital(which)} of ${task} was cut short, as recorded at ${at}: ` +
        `${cutShortText(ended, known.causes)}. ` +
        (isWithdrawal(ended.reason)
          ? "Its handler was not called."
          : "How far it got is not on record.");
    default:
      return assertNever(ended, "end of an attempt");
  }
}

function failedWords({ failedBy }: Evidence): readonly [failed: string, hadFailed: string] {
  return isOfType(failedBy?.entry, "job.JobCancelled")
    ? ["was cancelled", "had been cancelled"]
    : ["failed", "had failed"];
}

/** `task charge and task mail were under way when the job failed`. */
export function underWayText(known: Evidence, overtaken: readonly Overtaken[]): string {
  const names = shortened(overtaken.map(({ taskId }) => taskText(taskId)));
  const were = overtaken.length === 1 ? "was" : "were";
  return `${names} ${were} under way when the job ${failedWords(known)[0]}`;
}
