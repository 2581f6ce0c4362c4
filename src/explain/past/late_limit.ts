/**
 * A time limit that acted late, or by another clock: the process, not the task, may be the cause.
 */

import { durationText, lengthMs } from "../../core/duration.ts";
import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { attemptsOf } from "./attempts.ts";
import type { Evidence, Unyielding } from "../statements/evidence.ts";
import type { Next, Reasons, Statement } from "../statements/explanation.ts";
import type { AttemptEntry } from "../history/kept_history.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { FEW_MAX, later, shortened, taskText } from "../words/phrases.ts";
import { holdersThenText } from "../queue/queue_holders.ts";
import { byHand, reason } from "../statements/statement.ts";
import { blockedReasons, clockSetText } from "./process_history.ts";

/** A limit is late by so much, or by this least time if that is half of the limit. */
const LATE_MS = 3_000;
const LATE_LEAST_MS = 500;
/** How many attempts are looked at: the latest. */
const ATTEMPTS_MAX = 4;
/** Entries may still come until the start of an attempt is on disk, and its code is called. */
const CALLED_WITHIN_MS = 100;
/** By how much a time on record may differ from when something happened. */
const RECORDED_WITHIN_MS = 50;

interface Limited {
  readonly subject: string;
  readonly started: AttemptEntry;
  readonly ended: AttemptEntry;
  readonly timeoutMs: number;
  /** How long it ran, by a clock that nobody can set. */
  readonly ranMs: number;
}

/** The latest attempts of the task that failed a job, if a time limit ended them; latest first. */
function limited(known: OutlinedHistory): readonly Limited[] {
  const { job } = known;
  const taskId = job.state === "Failed" ? job.failure.taskId ?? MAIN_TASK : MAIN_TASK;
  const latest = attemptsOf(known, taskId).slice(-ATTEMPTS_MAX).toReversed();
  const all = latest.map(({ started, ended, attempt, timeoutMs }) => {
    const ranMs = ended?.kind === "failed" ? ended.timedOutMs : undefined;
    if (started === undefined || ended === undefined) return undefined;
    if (timeoutMs === undefined || ranMs === undefined) return undefined;
    const subject = `Attempt ${attempt} of ${taskText(taskId)}`;
    return { subject, started, ended: ended.entry, timeoutMs, ranMs };
  });
  return all[0] === undefined ? [] : all.filter((one) => one !== undefined);
}

function isLate({ ranMs, timeoutMs }: Limited): boolean {
  const lateMs = ranMs - timeoutMs;
  return lateMs >= LATE_MS || lateMs >= LATE_LEAST_MS && 2 * lateMs >= timeoutMs;
}

/** By how much the clock was set while it ran, as far as the lines show. */
function setMsOf({ started, ended, ranMs }: Limited): number {
  return Date.parse(ended.receivedAt) - Date.parse(started.receivedAt) - ranMs;
}

/** A limit that acted late: when it was due, and the entries around that time. */
export interface LateLimit {
  readonly at: string;
  readonly from: LogId;
  readonly to: LogId;
  readonly lateMs: number;
  readonly isClockSet: boolean;
}

/** Latest first; empty if that of the last attempt was in time. */
export function lateLimits(outlined: OutlinedHistory): readonly LateLimit[] {
  const all = limited(outlined);
  if (all[0] === undefined || !isLate(all[0])) return [];
  return all.filter(isLate).map((one) => ({
    at: later(one.started.receivedAt, one.timeoutMs),
    from: one.started.logId,
    to: one.ended.logId,
    lateMs: one.ranMs - one.timeoutMs,
    isClockSet: Math.abs(setMsOf(one)) >= LATE_LEAST_MS,
  }));
}

/**
 * The step that held up the process until a limit acted late: after its start nothing was recorded
 * but its end. Nothing else could run, and its code had the process, since limits act first of all
 * after a stop of the process.
 *
 * @param entries Those before the limit acted, oldest first.
 */
export function heldUpBy(
  { to, lateMs, isClockSet }: LateLimit,
  entries: readonly JobEventLogEntry[],
): Omit<Unyielding, "type"> | undefined {
  // A segment opens for the entry that comes next.
  const all = entries.filter(({ eventType }) => eventType !== "journal.SegmentOpened");
  const acted = all.at(-1);
  if (isClockSet || acted?.logId !== to) return undefined;
  const due = later(acted.receivedAt, RECORDED_WITHIN_MS - lateMs);
  const next = all.findIndex(({ receivedAt }) => receivedAt > due);
  const [last, ended] = [all[next - 1], all[next]];
  if (last === undefined || ended === undefined || !isEndOfStep(ended)) return undefined;
  const { jobId, taskId } = ended;
  const started = all.slice(0, next).findLast((entry) =>
    isOfType(entry, "job.TaskStarted") && entry.jobId === jobId && entry.taskId === taskId
  );
  if (started === undefined) return undefined;
  if (lengthMs(started.receivedAt, last.receivedAt) > CALLED_WITHIN_MS) return undefined;
  if (lengthMs(ended.receivedAt, acted.receivedAt) > RECORDED_WITHIN_MS) return undefined;
  const ms = lengthMs(last.receivedAt, ended.receivedAt);
  return { jobId, taskId, ms, startedBy: started.logId, endedBy: ended.logId, actedBy: to };
}

type EndOfStep = JobEventLogEntry & { readonly jobId: JobId; readonly taskId: TaskId };

/** Whether a step ended, other than by its own time limit. */
function isEndOfStep(entry: JobEventLogEntry): entry is EndOfStep {
  const { jobId, taskId } = entry;
  if (jobId === undefined || taskId === undefined || taskId === MAIN_TASK) return false;
  return isOfType(entry, "job.TaskCompleted") ||
    isOfType(entry, "job.TaskFailed") && entry.attributes.timedOutMs === undefined;
}

/**
 * A limit acts as soon as the event loop turns, so a late one is the effect of what held up the
 * process. Lines that are further apart than the attempt was long show a clock that was set.
 */
export function lateLimit(known: Evidence): Reasons {
  const [attempt] = limited(known);
  if (attempt === undefined) return [];
  const { subject, started, ended, timeoutMs, ranMs } = attempt;
  if (isLate(attempt)) {
    const late = `${subject} ended ${durationText(ranMs - timeoutMs)} after its time limit`;
    const [held, ...before] = known.unyielding ?? [];
    if (held !== undefined) return [unyieldingReason(late, held, before)];
    const [blocked] = blockedReasons(known);
    if (blocked !== undefined) {
      return [reason(`${late}. ${blocked.statement}`, ended, started, ...blocked.cites)];
    }
    const { beside = { holders: [] } } = known;
    const what = beside.holders.length === 0
      ? "such as code that did not yield, or it stood still itself"
      : `such as code that did not yield; also under way: ${holdersThenText(beside)}`;
    const statement = `${late}: something held up the process, ${what}.`;
    const others = beside.holders.slice(0, FEW_MAX).map(({ startedBy }) => startedBy);
    return [reason(statement, ended, started, ...others)];
  }
  const setMs = setMsOf(attempt);
  if (Math.abs(setMs) < LATE_MS) return [];
  const orFull = setMs < 0 ? "" : ", or the disk had no room";
  const statement = `${subject} ran for ${durationText(ranMs)}, which its lines do not show: ` +
    `the clock of the machine was ${clockSetText(setMs)}${orFull}.`;
  return [reason(statement, ended, started)];
}

/** @param before What held it up at earlier attempts. */
function unyieldingReason(
  late: string,
  held: Unyielding,
  before: readonly Unyielding[],
): Statement<LogId> {
  const { jobId, taskId, type, ms } = held;
  const alike = before.filter((one) => one.type === type && one.taskId === taskId);
  const names = shortened([...new Set(alike.map((one) => one.jobId))], FEW_MAX);
  const too = alike.length === 0 ? "" : `, as before with job ${names}`;
  const statement = `${late}: the event loop was blocked for ${durationText(ms)}, until ` +
    `${taskText(taskId)} of job ${jobId} (type ${type}), which had just begun, ended${too}.`;
  const cites = [held, ...alike.slice(0, FEW_MAX)]
    .flatMap(({ startedBy, endedBy, actedBy }) => [actedBy, endedBy, startedBy]);
  return reason(statement, ...cites);
}

/** What to do about the code that held it up. */
export function firstYield({ unyielding: [held] = [] }: Evidence): Next {
  if (held === undefined) return [];
  const statement = `First let ${taskText(held.taskId)} of type ${held.type} do its work in ` +
    'smaller pieces, with a pause after each, or give that type isolation: "thread".';
  return [byHand(statement, held.endedBy)];
}
