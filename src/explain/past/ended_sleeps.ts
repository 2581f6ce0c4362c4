/** How sleeps ended; and starts and sleeps whose time had passed before they began. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { isOfType } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, isSleep } from "../../core/job_state.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { clockText, LATE_MS, lateness, wakeText, wokenBy } from "./early_and_late.ts";
import { clockSetMs, type Meanwhile } from "./process_history.ts";
import { LIST_MAX } from "../words/phrases.ts";

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
