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
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { sleeping } from "../../core/task_facts.ts";
import { openWaits } from "../../core/waits.ts";
import { openExpectations } from "../words/awaited_events.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Next, Reasons, Statement } from "../statements/explanation.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { isPaused } from "../queue/pause_texts.ts";
import { actorText, later, reasonText, shortened } from "../words/phrases.ts";
import {
  clockSetMs,
  type Meanwhile,
  type ProcessEnd,
  processEnd,
  processEndText,
} from "../history/process_facts.ts";
import { automatic, manual, reason, showSome } from "../statements/statement.ts";

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

export function sleepReasons({ job, created, conditionSince }: Evidence): Reasons {
  return showSome(openSleeps(job), conditionSince, ({ taskId, startedAt, dueAt, firstLogId }) => {
    const zone = zoneText(job, dueAt);
    const statement = `Sleep ${taskId} began at ${startedAt} and is due at ${dueAt}${zone}.`;
    return [reason(statement, firstLogId, zone === "" ? undefined : created)];
  });
}

/** A time in another zone than UTC. */
const ZONED =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d(?:\.\d+)?)?[-+](?!00:?00$)(?:0\d|1[0-4]):?[0-5]\d$/;

/**
 * `; its input has sendAt = "...+02:00", ...`, for code that leaves out the zone, or nothing, as
 * when the input has the time in UTC too.
 */
export function zoneText({ input, sealed }: JobState, dueAt: string): string {
  if (sealed !== undefined || input === undefined) return "";
  const places = placesIn({ input });
  const place = places.find(({ value }) =>
    typeof value === "string" &&
    ZONED.exec(value)?.[1] === dueAt.slice(0, "....-..-..T..:..".length)
  );
  const isGiven = places.some(({ value }) => Date.parse(`${value}`) === Date.parse(dueAt));
  if (place === undefined || isGiven) return "";
  const ms = Date.parse(dueAt) - Date.parse(`${place.value}`);
  const path = shownText(placePath(place).replace(/^input\./, ""));
  return `; its input has ${path} = ${shownScalar(place.value)}, the same time of day in another ` +
    `zone: ${durationText(Math.abs(ms))} ${ms < 0 ? "later" : "earlier"}`;
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
  const end = processEnd(known, setBy, logId);
  const down = end !== undefined && wasDown(end, dueAt, ms) ? end : undefined;
  if (ms < LATE_MS && down === undefined) return reason("");
  const why = down === undefined ? "" : `: ${processEndText(down)}`;
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
function wasDown({ eventType, receivedAt }: ProcessEnd, dueAt: string, lateMs: number): boolean {
  const ms = lengthMs(dueAt, receivedAt);
  return eventType === "journal.Sealed"
    ? ms <= 0 && lateMs >= LATE_MS
    : ms > 0 && lateMs >= RESTART_MS;
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
  const over = overText(known, firstLogId);
  const late = over === "" ? sleepLateness(known, firstLogId, completedBy) : reason(over);
  const how = late.statement || ", when it was due";
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
