/**
 * A time limit that acted late, or by another clock: the process, not the task, may be the cause.
 */

import { durationText } from "../../core/duration.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { attemptsOf } from "./attempts.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import type { AttemptEntry } from "../history/kept_history.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { FEW_MAX, later, taskText } from "../words/phrases.ts";
import { holdersThenText } from "../queue/queue_holders.ts";
import { reason } from "../statements/statement.ts";
import { blockedReasons, clockSetText } from "./process_history.ts";

/** A thread has some seconds to end what a limit has cut off. */
const LIMIT_LATE_MS = 3_000;

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
  if (attempt === undefined || attempt.ranMs - attempt.timeoutMs < LIMIT_LATE_MS) return undefined;
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
  if (lateMs >= LIMIT_LATE_MS) {
    const [blocked] = blockedReasons(known);
    if (blocked !== undefined) {
      const late = `${subject} ended ${durationText(lateMs)} after its time limit.`;
      return [reason(`${late} ${blocked.statement}`, ended, started, ...blocked.cites)];
    }
    const { beside = { holders: [] } } = known;
    const what = beside.holders.length === 0
      ? "such as code that did not yield, or it stood still itself"
      : `such as code that did not yield; also under way: ${holdersThenText(beside)}`;
    const statement = `${subject} ended ${durationText(lateMs)} after its time limit: something ` +
      `held up the process, ${what}.`;
    const others = beside.holders.slice(0, FEW_MAX).map(({ startedBy }) => startedBy);
    return [reason(statement, ended, started, ...others)];
  }
  const setMs = Date.parse(ended.receivedAt) - Date.parse(started.receivedAt) - ranMs;
  if (Math.abs(setMs) < LIMIT_LATE_MS) return [];
  const orFull = setMs < 0 ? "" : ", or the disk had no room";
  const statement = `${subject} ran for ${durationText(ranMs)}, which its lines do not show: ` +
    `the clock of the machine was ${clockSetText(setMs)}${orFull}.`;
  return [reason(statement, ended, started)];
}
