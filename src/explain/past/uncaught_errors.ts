/**
 * Errors that no code caught. They fail no attempt, so a step may have completed without what it had
 * begun.
 */

import { assertNever } from "../../core/assert_never.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText, thrownErrorText } from "../../core/error_text.ts";
import { type FrameworkEntry, isOfType } from "../../core/event.ts";
import type { AttemptAtFault } from "../../core/framework_events.ts";
import { attemptsOf, compensationSubject, undoingsOf } from "./attempts.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import type { Attempt } from "../history/kept_history.ts";
import { capital, FEW_MAX, shortened, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";

type ErrorUncaught = FrameworkEntry<"journal.ErrorUncaught">;

/**
 * Those of attempts of this job: the first ones, as later ones may follow from them.
 *
 * @param after Only those after this entry, and before the other.
 */
export function uncaughtReasons(known: Evidence, after = 0, before = Infinity): Reasons {
  return uncaught(known).filter(({ logId }) => logId > after && logId < before).flatMap((entry) => {
    const { attempt } = entry.attributes;
    if (attempt?.jobId !== known.job.jobId) return [];
    const { started, ended } = attemptOf(known, attempt) ?? {};
    if (hasFailedWith(ended, entry)) return [];
    const statement = `${whenText(attempt, ended, entry)} ${whatText(entry)}.`;
    return [reason(statement, entry, ended?.entry, started)];
  }).slice(0, FEW_MAX);
}

/** Those that came while this job ran, if it is not known whose they are. */
export function uncaughtMeanwhile(known: Evidence): Reasons {
  const { jobId } = known.job;
  return uncaught(known).flatMap((entry) => {
    const { error, open = [] } = entry.attributes;
    if (!open.some((one) => one.jobId === jobId)) return [];
    const others = [...new Set(open.map((one) => one.jobId))].filter((other) => other !== jobId);
    const beside = others.length === 0 ? "" : ` of job ${shortened(others, FEW_MAX)},`;
    const statement = `${meanwhileText(known, entry)} came that no code caught: ` +
      `${thrownErrorText(error)}. Which code threw it is not known: that of this job,${beside} ` +
      "or of one before it.";
    return [reason(statement, entry)];
  }).slice(0, FEW_MAX);
}

function uncaught({ process = [] }: Evidence): readonly ErrorUncaught[] {
  return process.filter((entry) => isOfType(entry, "journal.ErrorUncaught"));
}

function attemptOf(
  known: Evidence,
  { taskId, attempt, phase }: AttemptAtFault,
): Attempt | undefined {
  const recorded = phase === undefined ? attemptsOf(known, taskId) : undoingsOf(known, taskId);
  return recorded.find((one) => one.attempt === attempt);
}

/** Whether the attempt failed with it later, since it awaited the promise after all. */
function hasFailedWith(
  ended: Attempt["ended"],
  { logId, attributes: { error } }: ErrorUncaught,
): boolean {
  return ended?.kind === "failed" && ended.entry.logId > logId &&
    errorText(ended.error) === errorText(error);
}

function meanwhileText({ endedBy }: Evidence, { logId, receivedAt }: ErrorUncaught): string {
  const end = endedBy?.entry;
  return end === undefined || end.logId > logId
    ? `While it was under way, at ${receivedAt}, an error`
    : `${durationText(Math.max(0, lengthMs(end.receivedAt, receivedAt)))} after its end, an error`;
}

/** `Task charge completed, but 12 ms later`, or `While task charge ran,`. */
function whenText(
  { taskId, attempt = 1, phase }: AttemptAtFault,
  ended: Attempt["ended"],
  { logId, receivedAt }: ErrorUncaught,
): string {
  const task = phase === undefined ? taskText(taskId) : compensationSubject(taskId);
  const which = attempt === 1 ? task : `attempt ${attempt} of ${task}`;
  if (ended === undefined || ended.entry.logId > logId) return `While ${which} ran,`;
  const ms = Math.max(0, lengthMs(ended.entry.receivedAt, receivedAt));
  const later = `${durationText(ms)} later`;
  switch (ended.kind) {
    case "completed":
      return `${capital(task)} completed, but ${later}`;
    case "failed":
      return `${capital(which)} failed, and ${later}`;
    case "interrupted":
      return `${capital(which)} was cut short, and ${later}`;
    default:
      return assertNever(ended, "end of an attempt");
  }
}

function whatText({ attributes: { kind, error } }: ErrorUncaught): string {
  const text = thrownErrorText(error);
  switch (kind) {
    case "rejection":
      return `a promise that it had not awaited was rejected: ${text}`;
    case "callback":
      return `a callback that it had left behind threw ${text}`;
    case "reported":
      return `an error that its code did not catch was reported: ${text}`;
    default:
      return assertNever(kind, "kind of error");
  }
}
