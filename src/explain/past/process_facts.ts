/**
 * What happened to the whole process while a job was under way (see `ProcessEntry`), and a time limit
 * that acted late, or by another clock: the process, not the task, may be the cause. Errors that no
 * code caught fail no attempt, so a step may have completed without what it had begun.
 */

import { assertNever } from "../../core/assert_never.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText, thrownErrorText } from "../../core/error_text.ts";
import { type FrameworkEntry, isOfType } from "../../core/event.ts";
import type { AttemptAtFault } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import { attemptsOf, compensationSubject, undoingsOf } from "./attempts.ts";
import type { Evidence, Findings } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { isRelevant } from "../history/hold_ups.ts";
import type { Attempt, AttemptEntry } from "../history/kept_history.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { capital, later, NONE_OPEN, openNames, shortened, taskText } from "../words/phrases.ts";
import { holdersThenText } from "../queue/queue_holders.ts";
import { reason } from "../statements/statement.ts";

const SHOWN_MAX = 3;
/** For a job that has not ended, a smaller change of the clock is not worth a sentence. */
const CLOCK_SET_MS = 60_000;

/** A job, and what happened to the process meanwhile. */
export type Meanwhile = OutlinedHistory & Pick<Findings, "process">;

type LoopBlocked = FrameworkEntry<"journal.LoopBlocked">;
type ClockSet = FrameworkEntry<"journal.ClockSet">;

export function meanwhileReasons(known: Meanwhile): Reasons {
  return [...blockedReasons(known), ...clockReasons(known)];
}

/** That the event loop was blocked for a relevant share of the time of an ended job. */
function blockedReasons(known: Meanwhile): Reasons {
  const blocks = loopBlocks(known);
  const last = blocks.at(-1);
  const ms = blocks.reduce((sum, { attributes }) => sum + attributes.blockedMs, 0);
  if (last === undefined || !isRelevant(ms, known)) return [];
  const times = blocks.length === 1 ? "" : ` ${blocks.length} times`;
  const statement = `The event loop was blocked${times} for ${durationText(ms)}, until ` +
    `${last.receivedAt}, and no other code could run: ${openText(last)}.`;
  return [reason(statement, ...blocks.slice(-SHOWN_MAX))];
}

/** The blocks during the life of a job. One is recorded after what ran first when it was over. */
function loopBlocks({ process = [], created, endedBy }: Meanwhile): readonly LoopBlocked[] {
  const end = endedBy?.entry.receivedAt;
  return process.filter((entry) => isOfType(entry, "journal.LoopBlocked"))
    .filter(({ receivedAt, attributes }) =>
      lengthMs(created.receivedAt, receivedAt) > 0 &&
      (end === undefined || lengthMs(end, receivedAt) < attributes.blockedMs)
    );
}

/** `job a in task render did not yield`, or which of several it may have been. */
function openText({ attributes: { open } }: LoopBlocked): string {
  const names = openNames(open);
  if (names.length === 0) return NONE_OPEN;
  return names.length === 1
    ? `${names[0]} did not yield`
    : `one of these did not yield: ${shortened(names, SHOWN_MAX)}`;
}

export type ProcessEnd = FrameworkEntry<"journal.Sealed"> | FrameworkEntry<"journal.Recovered">;

/** The last stop of the process between two entries, or the start that found it had crashed. */
export function processEnd(
  { process = [] }: Meanwhile,
  from: LogId,
  to: LogId,
): ProcessEnd | undefined {
  return process
    .filter((entry) => isOfType(entry, "journal.Sealed") || isOfType(entry, "journal.Recovered"))
    .findLast(({ logId }) => logId > from && logId < to);
}

/** `Daybook was stopped at ...`, or `Daybook was started at ..., after a crash`. */
export function processEndText({ eventType, receivedAt }: ProcessEnd): string {
  return eventType === "journal.Sealed"
    ? `Daybook was stopped at ${receivedAt}`
    : `Daybook was started at ${receivedAt}, after a crash`;
}

/** By how much the clock of the machine was set between two entries, in milliseconds. */
export function clockSetMs(known: Meanwhile, from: LogId, to?: LogId): number {
  return clockSets(known, from, to).reduce((sum, { attributes }) => sum + attributes.setMs, 0);
}

function clockSets(
  { process = [] }: Meanwhile,
  from: LogId,
  to = Infinity,
): readonly ClockSet[] {
  return process.filter((entry) => isOfType(entry, "journal.ClockSet"))
    .filter(({ logId }) => logId > from && logId <= to);
}

/** That times of an ended job, or those since when an open one waits, do not compare. */
export function clockReasons(known: Meanwhile): Reasons {
  const { job, created, endedBy, conditionSince } = known;
  const hasEnded = isTerminal(job);
  const from = hasEnded ? created.logId : conditionSince.logId;
  const sets = clockSets(known, from, endedBy?.entry.logId);
  const ms = sets.reduce((sum, { attributes }) => sum + attributes.setMs, 0);
  const last = sets.at(-1);
  const isWorthIt = hasEnded ? isRelevant(Math.abs(ms), known) : Math.abs(ms) >= CLOCK_SET_MS;
  if (last === undefined || !isWorthIt) return [];
  const by = durationText(Math.abs(ms));
  const how = ms < 0 ? `back by ${by}` : `ahead by ${by}, or the machine slept`;
  const statement = `The clock of the machine was set ${how}, as noticed at ${last.receivedAt}: ` +
    "times before and after that cannot be compared.";
  return [reason(statement, ...sets.slice(-SHOWN_MAX))];
}

/** A thread has some seconds to end what a limit has cut off. */
const LATE_MS = 3_000;
const CITED_MAX = 3;

interface Limited {
  readonly subject: string;
  readonly started: AttemptEntry;
  readonly ended: AttemptEntry;
  readonly timeoutMs: number;
  /** How long it ran, by a clock that nobody can set. */
  readonly ranMs: number;
}

/** The attempt whose time limit failed a job. */
function limited(known: OutlinedHistory): Limited | undefined {
  const { job } = known;
  const taskId = job.state === "Failed" ? job.failure.taskId ?? MAIN_TASK : MAIN_TASK;
  const { started, ended, attempt, timeoutMs } = attemptsOf(known, taskId).at(-1) ?? {};
  if (started === undefined || ended?.kind !== "failed") return undefined;
  const { timedOutMs: ranMs } = ended;
  if (timeoutMs === undefined || ranMs === undefined) return undefined;
  const subject = `Attempt ${attempt ?? 1} of ${taskText(taskId)}`;
  return { subject, started, ended: ended.entry, timeoutMs, ranMs };
}

/** Of a limit that acted late: when it was due, and the entries around that time. */
export function limitDue(
  outlined: OutlinedHistory,
): { readonly at: string; readonly from: LogId; readonly to: LogId } | undefined {
  const attempt = limited(outlined);
  if (attempt === undefined || attempt.ranMs - attempt.timeoutMs < LATE_MS) return undefined;
  const { started, ended, timeoutMs } = attempt;
  return { at: later(started.receivedAt, timeoutMs), from: started.logId, to: ended.logId };
}

/**
 * A limit acts as soon as the event loop turns, so a late one is the effect of what held up the
 * process. Lines that are further apart than the attempt was long show a clock that was set.
 */
export function lateLimit(known: Evidence): Reasons {
  const attempt = limited(known);
  if (attempt === undefined) return [];
  const { subject, started, ended, timeoutMs, ranMs } = attempt;
  const lateMs = ranMs - timeoutMs;
  if (lateMs >= LATE_MS) {
    const [blocked] = blockedReasons(known);
    if (blocked !== undefined) {
      const late = `${subject} ended ${durationText(lateMs)} after its time limit.`;
      return [reason(`${late} ${blocked.statement}`, ended, started, ...blocked.cites)];
    }
    const { beside = { holders: [] } } = known;
    const what = beside.holders.length === 0
      ? "such as code that did not yield, or it stood still itself"
      : `such as code that did not yield; beside it was ${holdersThenText(beside)}`;
    const statement = `${subject} ended ${durationText(lateMs)} after its time limit: something ` +
      `held up the process, ${what}.`;
    const others = beside.holders.slice(0, CITED_MAX).map(({ startedBy }) => startedBy);
    return [reason(statement, ended, started, ...others)];
  }
  const setMs = Date.parse(ended.receivedAt) - Date.parse(started.receivedAt) - ranMs;
  if (Math.abs(setMs) < LATE_MS) return [];
  const how = setMs < 0
    ? `${durationText(-setMs)} back`
    : `${durationText(setMs)} ahead, the machine slept, or the disk had no room`;
  const statement = `${subject} ran for ${durationText(ranMs)}, which its lines do not show: ` +
    `the clock of the machine was set ${how}.`;
  return [reason(statement, ended, started)];
}

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
  }).slice(0, SHOWN_MAX);
}

/** Those that came while this job ran, if it is not known whose they are. */
export function uncaughtMeanwhile(known: Evidence): Reasons {
  const { jobId } = known.job;
  return uncaught(known).flatMap((entry) => {
    const { error, open = [] } = entry.attributes;
    if (!open.some((one) => one.jobId === jobId)) return [];
    const others = [...new Set(open.map((one) => one.jobId))].filter((other) => other !== jobId);
    const beside = others.length === 0 ? "" : ` of job ${shortened(others, SHOWN_MAX)},`;
    const statement = `${meanwhileText(known, entry)} came that no code caught: ` +
      `${thrownErrorText(error)}. Which code threw it is not known: that of this job,${beside} ` +
      "or of one before it.";
    return [reason(statement, entry)];
  }).slice(0, SHOWN_MAX);
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
