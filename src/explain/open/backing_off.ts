/** Explains a job that backs off, and steps that will be tried again while others run. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText, requestedDelayMs } from "../../core/error_text.ts";
import type { BackingOffTask, JobState } from "../../core/job_state.ts";
import { backsOff } from "../../core/task_facts.ts";
import { openWaits } from "../../core/waits.ts";
import {
  attemptFailed,
  attemptsOf,
  attemptToCome,
  unsuccessfulAttempts,
} from "../past/attempts.ts";
import type { Case } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { holdingLater, isPaused } from "../queue/pause_texts.ts";
import { capital, LIST_MAX, shortened, SUMMARY_MAX, taskText } from "../words/phrases.ts";
import { askedWaitMs } from "../past/asked_to_wait.ts";
import { automatic, manual, reason, showSome } from "../statements/statement.ts";
import { besideSleepsText, openSleeps } from "./due_times.ts";
import { once, standingText } from "../queue/turn.ts";

export function backingOffText(known: Case): string {
  const { circumstances: { queue, definition } } = known;
  const isDue = queue !== undefined || definition === "missing" || isSuspended(known) ||
    holdingLater(known).length > 0;
  const texts = shortened(backoffTexts(known, isDue), SUMMARY_MAX);
  return queue === undefined ? `is backing off: ${texts}.` : `${standingText(queue)}; ${texts}.`;
}

/** `, while task b failed ...`, when something will be retried meanwhile, or sleeps. */
export function besideText(known: Case): string {
  const open = backoffTexts(known, isSuspended(known));
  const again = open.length === 0 ? "" : `, while ${shortened(open, SUMMARY_MAX)}`;
  return again + besideSleepsText(known.job);
}

/** A suspended job retries when it is resumed, whatever time is on record. */
function isSuspended({ job }: Case): boolean {
  return job.suspendedBy !== undefined;
}

function backoffTexts(known: Case, isDue: boolean): readonly string[] {
  return backingOffTasks(known.job).map((task) => {
    const { taskId, failures, error } = task;
    const which = attemptFailed(task, attemptsOf(known, taskId));
    const again = againText(known, task, isDue);
    const asked = requestedDelayMs(error);
    if (asked !== undefined) {
      const pause = `a pause of ${durationText(asked)}`;
      return `${taskText(taskId)} asked with RetryLater for ${pause} in ${which} and ${again}`;
    }
    const before = failures > 2
      ? `, like the ${failures - 1} before it`
      : failures === 2
      ? ", like the one before it"
      : "";
    return `${taskText(taskId)} failed in ${which}${before} (${errorText(error)}) and ${again}` +
      tooSoonText(known, task);
  });
}

/** `, although the error asks to wait 2 min`, or nothing. */
function tooSoonText(known: Case, { taskId, error, retryAt }: BackingOffTask): string {
  const failedAt = attemptsOf(known, taskId).at(-1)?.ended?.entry.receivedAt;
  const waitMs = failedAt === undefined ? undefined : askedWaitMs(error, failedAt);
  return waitMs === undefined || failedAt === undefined || lengthMs(failedAt, retryAt) >= waitMs
    ? ""
    : `, although the error asks to wait ${durationText(waitMs)}`;
}

export function againText(known: Case, { retryAt }: Retried, isDue: boolean): string {
  const was = isDue || isOverdue(known, retryAt);
  return `${was ? "was to be tried again" : "will be tried again"} at ${retryAt}`;
}

type Retried = Pick<BackingOffTask, "retryAt">;

/** Whether the time had passed as of the past time that is explained. */
function isOverdue({ asOfTime = "" }: Case, retryAt: string): boolean {
  return retryAt <= asOfTime;
}

export function backoffReasons(known: Case): Reasons {
  return showSome(backingOffTasks(known.job), known.conditionSince, (task) => {
    const { taskId, retryAt, lastLogId } = task;
    const attempts = attemptsOf(known, taskId);
    const next = attemptToCome(task, attempts);
    const statement = `${capital(taskText(taskId))} waits for ${next}, due at ${retryAt}.`;
    return [
      reason(statement, attempts.at(-1)?.ended?.entry.logId ?? lastLogId),
      ...unsuccessfulAttempts(known, taskId),
    ];
  });
}

export function whileBackingOff(known: Case): Next {
  const { circumstances: { queue }, conditionSince } = known;
  // A retry that is due waits for a worker, whatever time is on record.
  return queue === undefined ? dueAttempts(known) : once(queue, conditionSince);
}

export function dueAttempts(known: Case): Next {
  return backingOffTasks(known.job).slice(0, LIST_MAX).map((task) => {
    const which = attemptToCome(task, attemptsOf(known, task.taskId));
    const statement = `${capital(taskText(task.taskId))} ${tryText(known, task)}: ${which}.`;
    return automatic(statement, task.lastLogId);
  });
}

export function tryText(known: Case, { retryAt }: Retried): string {
  const isDue = isPaused(known) || isOverdue(known, retryAt);
  return `${isDue ? "is due to be tried again" : "will be tried again"} at ${retryAt}`;
}

/** Ends the backoff early. A retry that is due only waits for a worker. */
export function wakeUp({ job, circumstances: { queue } }: Case): Next {
  if (queue !== undefined || !backsOff(job.tasks)) return [];
  const others = openSleeps(job).length > 0 || openWaits(job).length > 0
    ? "; this also ends its sleeps and its waits until a time"
    : "";
  const statement = `Try it again now, once the cause is fixed${others}:`;
  return [manual(statement, `/jobs/${job.jobId}/wake`)];
}

function backingOffTasks({ tasks }: JobState): readonly BackingOffTask[] {
  return tasks.filter((task): task is BackingOffTask => task.status === "backingOff");
}
