/** How sleeps, waits and deadlines ended: in time, early by a wake control, or late, and why. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { expectationProgress } from "../../core/expectations.ts";
import type { LogId } from "../../core/ids.ts";
import {
  type CompletedTask,
  isSleep,
  type JobState,
  type TimedWait,
} from "../../core/job_state.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import type { Evidence, ProcessStop } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { actorText, FEW_MAX, later, LIST_MAX, reasonText } from "../words/phrases.ts";
import {
  clockSetMs,
  clockSetText,
  type Meanwhile,
  processStop,
  processStopText,
} from "./process_history.ts";

/** The wake control by which an entry ended something; `undefined` if its time had come. */
export function wokenBy(
  { entries }: Pick<OutlinedHistory, "entries">,
  logId: LogId,
): FrameworkEntry<"job.JobWoken"> | undefined {
  const cause = entries.get(entries.get(logId)?.causedBy ?? 0);
  return isOfType(cause, "job.JobWoken") ? cause : undefined;
}

/** `a wake control by ops (reason: the customer called)`. */
export function wakeText(woken: FrameworkEntry<"job.JobWoken">): string {
  return `a wake control${actorText(woken)}${reasonText(woken.attributes.reason)}`;
}

/** Shorter delays have no cause worth looking for, unless no process ran. */
const LATE_MS = 60_000;

/**
 * `; its time was up at ..., and 5 h passed before a process recorded it: Daybook was stopped at
 * ...`, or nothing. Events of a time when no process ran may not have arrived either.
 */
export function lateness(
  known: Meanwhile,
  dueAt: string,
  { logId, receivedAt }: JobEventLogEntry,
  setBy: LogId,
): Statement<LogId> {
  const set = clockText(clockSetMs(known, setBy, logId));
  if (set !== "") return reason(`; its time had come, ${set}`);
  const ms = lengthMs(dueAt, receivedAt);
  const end = processStop(known, setBy, logId);
  const down = end !== undefined && wasDown(end, dueAt, ms) ? end : undefined;
  if (ms < LATE_MS && down === undefined) return reason("");
  const why = down === undefined ? "" : `: ${processStopText(down)}`;
  const late = `; its time was up at ${dueAt}, and ${durationText(ms)} passed before a process ` +
    `recorded it${why}`;
  return reason(late, down);
}

/** A start that follows a crash at once takes less, so that nothing was missed. */
const RESTART_MS = 5_000;

/**
 * Whether a stop, or the start after a crash, shows that no process ran when a time was up. The
 * start after a stop is not on record, so only a long delay shows that it had not come.
 */
function wasDown({ eventType, receivedAt }: ProcessStop, dueAt: string, lateMs: number): boolean {
  const ms = lengthMs(dueAt, receivedAt);
  return eventType === "journal.Sealed"
    ? ms <= 0 && lateMs >= LATE_MS
    : ms > 0 && lateMs >= RESTART_MS;
}

/** `but meanwhile the clock of the machine was set back by 1 h`, or nothing. */
function clockText(setMs: number): string {
  return setMs === 0 ? "" : `but meanwhile the clock of the machine was ${clockSetText(setMs)}`;
}

/** The same as `lateness`, of the deadline of the plan that failed its job. */
export function deadlineLateness(known: Meanwhile): Statement<LogId> {
  const { job, failedBy, started } = known;
  const entry = failedBy?.entry;
  if (!isOfType(entry, "job.DeadlinePassed") || job.state === "Created") return reason("");
  const { expectation } = entry.attributes;
  const within = job.plan.expected.find(({ id }) => id === expectation)?.within;
  return within === undefined
    ? reason("")
    : lateness(known, later(job.startedAt, within.ms), entry, started?.logId ?? 0);
}

/** @param setBy The entry that began the sleep; it may not have been kept. */
export function sleepDueAt(
  { entries }: Pick<OutlinedHistory, "entries">,
  setBy: LogId,
): string | undefined {
  const entry = entries.get(setBy);
  return isOfType(entry, "job.TimerSet") ? entry.attributes.dueAt : undefined;
}

/** A start that was due before the job was submitted, and odd sleeps. */
export function oddTimes(outlined: Meanwhile): Reasons {
  const { created: { attributes: { startAt }, receivedAt, logId } } = outlined;
  const lateMs = startAt === undefined ? 0 : lengthMs(startAt, receivedAt);
  if (lateMs < LATE_MS) return oddSleeps(outlined);
  const statement = `Its startAt, ${startAt}, had passed ${durationText(lateMs)} before it was ` +
    "submitted, so it started at once.";
  return [reason(statement, logId), ...oddSleeps(outlined)];
}

/**
 * Sleeps whose time had passed when `run` asked for them, so that they took none, and those whose
 * times on record were changed by a clock that was set.
 */
function oddSleeps(outlined: Meanwhile): Reasons {
  return outlined.job.tasks.flatMap((task) => {
    if (task.status !== "completed" || !isSleep(task)) return [];
    const { taskId, firstLogId, completedBy, endedAt } = task;
    if (wokenBy(outlined, completedBy) !== undefined) {
      const { statement, cites } = sleepEnded(outlined, task);
      return [{ statement: `${statement}.`, cites }];
    }
    const over = overText(outlined, firstLogId);
    if (over !== "") return [reason(`Sleep ${taskId} took no time${over}.`, firstLogId)];
    const set = clockText(clockSetMs(outlined, firstLogId, completedBy));
    if (set === "") return [];
    const statement = `Sleep ${taskId} ended at ${endedAt}; its time had come, ${set}.`;
    return [reason(statement, firstLogId, completedBy)];
  }).slice(0, LIST_MAX);
}

/** `: its end, ..., had passed when run asked for it at ...`, or nothing. */
function overText(outlined: OutlinedHistory, setBy: LogId): string {
  const [set, dueAt] = [outlined.entries.get(setBy), sleepDueAt(outlined, setBy)];
  if (set === undefined || dueAt === undefined || lengthMs(set.receivedAt, dueAt) > 0) return "";
  return `: its end, ${dueAt}, had passed when run asked for it at ${set.receivedAt}`;
}

/** `Sleep overnight ended at ..., when it was due`, with the entries that show it. */
export function sleepEnded(
  known: Meanwhile,
  { taskId, endedAt, firstLogId, completedBy, reusedFrom }: CompletedTask,
): Statement<LogId> {
  if (reusedFrom !== undefined) {
    const of = known.created.attributes.retryOf ?? "";
    return reason(`Sleep ${taskId} had already ended in job ${of}`, completedBy);
  }
  const woken = wokenBy(known, completedBy);
  if (woken !== undefined) {
    const dueAt = sleepDueAt(known, firstLogId);
    const early = dueAt && `, ${durationText(lengthMs(endedAt, dueAt))} before it was due`;
    const statement = `Sleep ${taskId} was ended early at ${endedAt} by ${wakeText(woken)}` +
      (early ?? "");
    return reason(statement, completedBy, woken);
  }
  const over = overText(known, firstLogId);
  const late = over === "" ? sleepLateness(known, firstLogId, completedBy) : reason(over);
  // Without the entry that began it, nobody knows when it was due.
  const onTime = sleepDueAt(known, firstLogId) === undefined ? "" : ", when it was due";
  const how = late.statement || onTime;
  return reason(`Sleep ${taskId} ended at ${endedAt}${how}`, completedBy, ...late.cites);
}

/** The same as `lateness`, of a sleep whose entries were kept. */
export function sleepLateness(
  known: Meanwhile,
  setBy: LogId,
  endedBy: LogId,
): Statement<LogId> {
  const [dueAt, ended] = [sleepDueAt(known, setBy), known.entries.get(endedBy)];
  return dueAt === undefined || ended === undefined
    ? reason("")
    : lateness(known, dueAt, ended, setBy);
}

/** The waits that ended without their event before `run` threw, the last one first. */
export function waitsGivenUp(known: Evidence): Reasons {
  return passedOnes(known.job).map((wait) => givenUp(known, wait));
}

/** The wait that ended without its event, if that was the last thing that `run` learned. */
export function lastWaitGivenUp(known: Evidence): Reasons {
  const { job } = known;
  const [last] = passedOnes(job);
  if (last === undefined) return [];
  // The event may have come to a later wait.
  const { by = [] } = expectationProgress(job, last.expectation)?.progress ?? {};
  const learned = job.tasks.flatMap((task) => task.status === "completed" ? task.completedBy : []);
  const isLast = [...learned, ...by.slice(-1)].every((logId) => logId < last.passedBy);
  return isLast ? [givenUp(known, last)] : [];
}

interface PassedWait extends TimedWait {
  readonly passedBy: LogId;
}

function passedOnes({ waits = [] }: JobState): readonly PassedWait[] {
  return waits.flatMap((wait) =>
    wait.passedBy === undefined ? [] : [{ ...wait, passedBy: wait.passedBy }]
  ).toSorted((left, right) => right.passedBy - left.passedBy).slice(0, FEW_MAX);
}

function givenUp(known: Evidence, { expectation, passedBy, reusedFrom }: PassedWait) {
  if (reusedFrom === undefined) return waitEnded(known, expectation, passedBy, "run continued");
  const of = known.created.attributes.retryOf ?? "";
  const statement = `"${expectation}" did not come in time in job ${of}: a retry takes this ` +
    "over, and run continued without it.";
  return reason(statement, passedBy);
}

export function waitEnded(
  known: Evidence,
  expectation: string,
  logId: LogId,
  then = "run can continue",
): Statement<LogId> {
  const entry = known.entries.get(logId);
  const woken = wokenBy(known, logId);
  const wait = known.job.waits?.find(({ passedBy }) => passedBy === logId);
  const late = wait === undefined || entry === undefined
    ? reason("")
    : lateness(known, wait.dueAt, entry, wait.setBy);
  const how = woken === undefined
    ? `"${expectation}" did not come in time: the wait ended${atText(entry)}${late.statement}`
    : `The wait for "${expectation}" was ended early${atText(entry)} by ${wakeText(woken)}`;
  return reason(`${how}, and ${then} without it.`, logId, woken, ...late.cites);
}

/** ` at 2026-01-01T00:00:00.000Z`, or nothing for an entry of a long history that was not kept. */
export function atText(entry: JobEventLogEntry | undefined): string {
  return entry === undefined ? "" : ` at ${entry.receivedAt}`;
}
