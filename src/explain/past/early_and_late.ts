/** Whether a sleep, a wait or a deadline ended early, by a wake control, or late, and why. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { actorText, later, reasonText } from "../words/phrases.ts";
import {
  clockSetMs,
  clockSetText,
  type Meanwhile,
  processStop,
  processStopText,
} from "./process_history.ts";
import type { ProcessStop } from "../statements/evidence.ts";

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
export const LATE_MS = 60_000;

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
export function clockText(setMs: number): string {
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
