/** What a job waits for that has a due time, and how a sleep ended. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import {
  type CompletedTask,
  isSleep,
  type JobState,
  type SleepingTask,
} from "../../core/job_state.ts";
import { sleeping } from "../../core/task_facts.ts";
import { openWaits } from "../../core/waits.ts";
import { openExpectations } from "../awaited_events.ts";
import type { Evidence } from "../evidence.ts";
import type { Next, Reasons, Statement } from "../explanation.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { isPaused } from "../queue/pause_texts.ts";
import { actorText, later, reasonText, shortened } from "../phrases.ts";
import { clockSetMs, type Meanwhile } from "../history/process_facts.ts";
import { automatic, manual, reason, showSome } from "../statement.ts";

const NAMES_MAX = 10;

/** Open sleeps, the first to end first. */
export function openSleeps({ state, tasks }: JobState): readonly SleepingTask[] {
  if (state !== "Running") return [];
  return sleeping(tasks).toSorted((left, right) =>
    Date.parse(left.dueAt) - Date.parse(right.dueAt)
  );
}

/** `sleep overnight ends at 2026-01-04T00:00:00.000Z` for each of them, the first to end first. */
export function sleepsText(job: JobState): string {
  const ends = openSleeps(job).map(({ taskId, dueAt }) => `sleep ${taskId} ends at ${dueAt}`);
  return shortened(ends, NAMES_MAX);
}

/** `, while sleep overnight ends at ...`, when the job does something else as well. */
export function besideSleepsText(job: JobState): string {
  return openSleeps(job).length === 0 ? "" : `, while ${sleepsText(job)}`;
}

export function sleepReasons({ job, conditionSince }: Evidence): Reasons {
  return showSome(openSleeps(job), conditionSince, ({ taskId, startedAt, dueAt, firstLogId }) => [
    reason(`Sleep ${taskId} began at ${startedAt} and is due at ${dueAt}.`, firstLogId),
  ]);
}

/** What ends at its time: sleeps, waits and deadlines of the plan. */
export function endsByTime(known: Evidence): Next {
  const { job } = known;
  const held = heldText(known);
  const sleeps = openSleeps(job).slice(0, NAMES_MAX).map(({ taskId, dueAt, firstLogId }) =>
    automatic(`Sleep ${taskId} ends at ${dueAt}, and its code continues${held}.`, firstLogId)
  );
  const open = job.state === "Running" ? openWaits(job).slice(0, NAMES_MAX) : [];
  const waits = open.map(({ expectation, dueAt, setBy }) =>
    automatic(
      `run waits for "${expectation}" until ${dueAt}, and then continues without it${held}.`,
      setBy,
    )
  );
  const ended = [
    ...sleeps.length > 0 ? ["the sleep"] : [],
    ...waits.length > 0 ? ["the wait, without its event,"] : [],
  ].join(" and ");
  const wake = ended === "" ? [] : [manual(`End ${ended} now:`, `/jobs/${job.jobId}/wake`)];
  return [...sleeps, ...waits, ...wake, ...deadlineSteps(known)];
}

/** ` once the job does`, or nothing: what holds the code when its time has come. */
function heldText(known: Evidence): string {
  const { suspendedBy, parked } = known.job;
  if (suspendedBy !== undefined || parked !== undefined) return " once the job does";
  return isPaused(known) ? " once no pause holds it" : "";
}

/** When the deadlines of the plan pass. */
export function deadlineSteps({ job, created, started }: Evidence): Next {
  if (job.state !== "Running" || started === undefined) return [];
  return openExpectations(job).flatMap(({ expected: { id, within } }) => {
    if (within === undefined) return [];
    const dueAt = later(job.startedAt, within.ms);
    const otherwise = within.otherwise === "fail" ? "the job fails" : "it is waived";
    const statement = `"${id}" has until ${dueAt} to come: otherwise ${otherwise}.`;
    return [automatic(statement, created, started)];
  }).slice(0, NAMES_MAX);
}

/** Shorter delays have no cause worth looking for. */
const LATE_MS = 60_000;

/**
 * `; its time was up at ..., and 5 h passed before a process recorded it`, or nothing. No process
 * may have run meanwhile, so events of that time may not have arrived either.
 */
export function lateText(
  known: Meanwhile,
  dueAt: string,
  { logId, receivedAt }: JobEventLogEntry,
  setBy: LogId,
): string {
  const set = clockText(clockSetMs(known, setBy, logId));
  if (set !== "") return `; its time had come, ${set}`;
  const ms = lengthMs(dueAt, receivedAt);
  return ms < LATE_MS
    ? ""
    : `; its time was up at ${dueAt}, and ${durationText(ms)} passed before a process recorded it`;
}

/** `but the clock of the machine was set back by 1 h meanwhile`, or nothing. */
function clockText(setMs: number): string {
  if (setMs === 0) return "";
  const by = durationText(Math.abs(setMs));
  return setMs < 0
    ? `but the clock of the machine was set back by ${by} meanwhile`
    : `but the clock of the machine was set ahead by ${by} meanwhile, or the machine slept`;
}

/** The same for the deadline of a plan that failed its job. */
export function lateDeadlineText(known: Meanwhile): string {
  const { job, failedBy, started } = known;
  const entry = failedBy?.entry;
  if (!isOfType(entry, "job.DeadlinePassed") || job.state === "Created") return "";
  const { expectation } = entry.attributes;
  const within = job.plan.expected.find(({ id }) => id === expectation)?.within;
  return within === undefined
    ? ""
    : lateText(known, later(job.startedAt, within.ms), entry, started?.logId ?? 0);
}

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
  }).slice(0, NAMES_MAX);
}

/** `; its time was ..., which had passed when run asked for it at ...`, or nothing. */
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
  const how = overText(known, firstLogId) || lateSleepText(known, firstLogId, completedBy) ||
    ", when it was due";
  return reason(`Sleep ${taskId} ended at ${endedAt}${how}`, completedBy);
}

/** The same as `lateText`, of a sleep whose entries were kept. */
export function lateSleepText(known: Meanwhile, setBy: LogId, endedBy: LogId): string {
  const [dueAt, ended] = [sleepDueAt(known, setBy), known.entries.get(endedBy)];
  return dueAt === undefined || ended === undefined ? "" : lateText(known, dueAt, ended, setBy);
}
