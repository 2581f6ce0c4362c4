/** Explains a job that is executing. */

import { counted } from "../../core/counted.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import { type JobState, runningTasks, type TaskState } from "../../core/job_state.ts";
import { attemptNow, attemptsOf, lastCompleted, unsuccessfulAttempts } from "../past/attempts.ts";
import { heldUpReasons } from "../past/hold_up_texts.ts";
import { deadlockReasons, deadlockSteps } from "../queue/deadlocks.ts";
import type { Case } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { type Attempt, findMaxAttempts } from "../history/kept_history.ts";
import {
  capital,
  later,
  LIST_MAX,
  progressText,
  shortened,
  SUMMARY_MAX,
  taskText,
} from "../words/phrases.ts";
import { backoffReasons, besideText, dueAttempts } from "./backing_off.ts";
import { repeatedSteps } from "../ended/repeated_work.ts";
import { automatic, reason, showSome } from "../statements/statement.ts";
import { moreText, unusualText } from "../ended/time_spent.ts";
import { clockReasons } from "../past/process_history.ts";
import { endAtRate, endsByTime } from "./due_times.ts";
import { seriesReasons } from "./series.ts";

export function executingText(known: Case): string {
  const names = runningTasks(known.job).map((task) => runningText(known, task));
  const more = [
    ...deadlockReasons(known.circumstances.deadlock),
    ...seriesReasons(known),
    ...repeatedSteps(known).slice(0, 1),
  ];
  return [
    `is executing ${shortened(names, SUMMARY_MAX)}${besideText(known)}.`,
    ...more.map(({ statement }) => statement),
  ].join(" ");
}

/** `task scan, attempt 1 of 3, since ..., 25 of 40 done, without a time limit`. */
function runningText(known: Case, task: TaskState): string {
  const { taskId, progress } = task;
  const recorded = attemptsOf(known, taskId);
  const last = recorded.at(-1);
  const since = last?.started === undefined ? "" : `, since ${last.started.receivedAt}`;
  if (taskId === MAIN_TASK) return `run${since}${lastStepText(known.job)}`;
  const done = progress === undefined
    ? ""
    : `, ${progressText({ ...progress, note: undefined })} done${rateText(known, task)}`;
  const more = moreText(known);
  // To say so would blame an attempt that takes long since it was given more.
  const isUnlimited = more === "" && last?.started !== undefined && last.timeoutMs === undefined;
  const limit = isUnlimited ? ", without a time limit" : "";
  const failed = recorded.findLast(({ ended }) => ended?.kind === "failed")?.ended;
  const after = failed?.kind === "failed" ? `, after ${errorText(failed.error)}` : "";
  return `${taskText(taskId)}, ${attemptNow(task, recorded)}${since}${done}${limit}${after}${
    unusualText(known)
  }${more}`;
}

/**
 * `, at its rate so far until about ...`, by what the attempt has reported: from first to last, or
 * since its begin if that was one report of the first attempt; or nothing.
 */
function rateText(known: Case, { taskId, attempts }: TaskState): string {
  const started = attemptsOf(known, taskId).at(-1)?.started;
  if (started === undefined || clockReasons(known).length > 0) return "";
  const reports = known.entries.values().filter((entry) => isOfType(entry, "job.TaskProgressed"))
    .filter((entry) => entry.taskId === taskId && entry.logId > started.logId)
    .map(({ receivedAt, attributes }) => ({ receivedAt, ...attributes })).toArray();
  const begin = { receivedAt: started.receivedAt, done: 0, total: undefined };
  const [first, last] = [reports.length > 1 || attempts > 1 ? reports[0] : begin, reports.at(-1)];
  if (first === undefined || last?.total === undefined) return "";
  const amount = { done: last.done - first.done, left: last.total - last.done };
  const end = endAtRate(first.receivedAt, last.receivedAt, amount);
  return end === undefined ? "" : `, at its rate so far until about ${end}`;
}

/** What `run` does between two steps, or awaits, is not on record. */
function lastStepText(job: JobState): string {
  const last = lastCompleted(job);
  return last === undefined
    ? ", and has not begun a step"
    : `, and has begun no step since ${taskText(last.taskId)} completed at ${last.endedAt}`;
}

/** The running tasks, and those that will be retried meanwhile. */
export function executingReasons(known: Case): Reasons {
  const running = showSome(runningTasks(known.job), known.conditionSince, (task) => {
    const { taskId, firstLogId, lastLogId } = task;
    const started = attemptsOf(known, taskId).at(-1)?.started;
    const since = started?.logId ?? firstLogId;
    const cites = lastLogId > since ? [lastLogId, since] : [since];
    return [
      reason(sinceText(known, task, started?.receivedAt ?? task.startedAt), ...cites),
      ...unsuccessfulAttempts(known, taskId),
    ];
  });
  return [
    ...running,
    ...seriesReasons(known),
    ...deadlockReasons(known.circumstances.deadlock),
    ...repeatedSteps(known),
    ...backoffReasons(known),
    ...heldUpReasons(known),
  ];
}

function sinceText(known: Case, task: TaskState, since: string): string {
  const { taskId, progress } = task;
  if (taskId === MAIN_TASK) {
    return `run has been executing since ${since}, and no task is running: it computes, or awaits ` +
      "something that is not on record.";
  }
  const which = attemptNow(task, attemptsOf(known, taskId));
  const done = progress === undefined ? "" : ` and has done ${progressText(progress)}`;
  return `${capital(taskText(taskId))} has been in ${which} since ${since}${done}.`;
}

export function whileExecuting(known: Case): Next {
  const steps = runningTasks(known.job).slice(0, LIST_MAX).map((task) => {
    const recorded = attemptsOf(known, task.taskId);
    const max = findMaxAttempts(recorded);
    const left = max === undefined ? undefined : max - task.failures - 1;
    const after = left === undefined
      ? ""
      : left > 0
      ? `; if it fails, ${counted(left, "attempt is", "attempts are")} left`
      : "; if it fails, no attempt is left";
    const until = known.circumstances.draining
      ? " or the drain time is over; if cut short, it runs again at the next start"
      : untilText(recorded.at(-1));
    const subject = capital(taskText(task.taskId));
    const advice = task.taskId === MAIN_TASK ? "; what takes long belongs in a task" : "";
    return automatic(
      `${subject} continues until it ends${until}${after}${advice}.`,
      task.lastLogId,
    );
  });
  return [
    ...steps,
    ...deadlockSteps(known.circumstances.deadlock),
    ...dueAttempts(known),
    ...endsByTime(known),
  ];
}

/** When an attempt ends at the latest, if it has a time limit. */
function untilText({ started, timeoutMs, maxAttempts }: Partial<Attempt> = {}): string {
  if (started === undefined) return "";
  if (timeoutMs !== undefined) return `, no later than ${later(started.receivedAt, timeoutMs)}`;
  return maxAttempts === undefined ? "" : ", however long that takes: it has no time limit";
}
