/** Explains a job that is being compensated. */

import { assertNever } from "../../core/assert_never.ts";
import { counted } from "../../core/counted.ts";
import { errorText } from "../../core/error_text.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import { compensableTasks, type CompletedTask, type JobState } from "../../core/job_state.ts";
import {
  attemptFailed,
  attemptNow,
  attemptToCome,
  compensationEnds,
  compensationSubject,
  isUndone,
  undoingsOf,
  unsuccessfulUndoings,
} from "../past/attempts.ts";
import { overtakenReasons, unendedAttempts } from "../past/overtaken_attempts.ts";
import { matcherText } from "../words/expectations.ts";
import type { Case } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { leaveInPlace } from "./parked.ts";
import { isPaused } from "../queue/pause_texts.ts";
import { capital, latest, LIST_MAX, shortened, SUMMARY_MAX, taskText } from "../words/phrases.ts";
import { againText, tryText } from "./backing_off.ts";
import { once, standingText } from "../queue/turn.ts";
import { automatic, manual, reason } from "../statements/statement.ts";
import { failureText } from "../ended/summary_ended.ts";
import { eventsToSend } from "./waiting.ts";
import { likeliestText } from "./waiting_for.ts";

export function compensatingText(known: Case): string {
  const { job, circumstances: { queue }, waitingFor } = known;
  const tasks = compensableTasks(job);
  const progress = tasks.length === 0
    ? ""
    : `: ${tasks.filter(isUndone).length} of ${counted(tasks.length, "task")} undone,`;
  const worker = queue === undefined ? "" : ` It ${standingText(queue)}.`;
  const likeliest = likeliestText(waitingFor);
  const awaited = likeliest === undefined ? "" : ` What it waits for nearly came: ${likeliest}`;
  const again = openCompensations(known, queue !== undefined || isPaused(known));
  return `is compensating${progress} after ${
    failureText(recordedFailure(job))
  }.${again}${worker}${awaited}`;
}

/** ` The compensation of task book has been in attempt 1 of 5 since ...`, or how it failed. */
function openCompensations(known: Case, isDue: boolean): string {
  const texts = compensableTasks(known.job).flatMap(({ taskId, compensation }) => {
    const recorded = undoingsOf(known, taskId);
    const subject = compensationSubject(taskId);
    const started = recorded.at(-1)?.started;
    if (compensation?.status === "running" && started !== undefined) {
      const which = attemptNow(compensation, recorded);
      return [`${subject} has been in ${which} since ${started.receivedAt}, without a time limit`];
    }
    if (compensation?.status !== "backingOff") return [];
    const which = attemptFailed(compensation, recorded);
    const again = againText(known, compensation, isDue);
    return [`${subject} failed in ${which} (${errorText(compensation.error)}) and ${again}`];
  });
  return texts.length === 0 ? "" : ` ${capital(shortened(texts, SUMMARY_MAX))}.`;
}

export function compensationReasons(known: Case): Reasons {
  const { job, created } = known;
  const tasks = compensableTasks(job);
  const undone = tasks.filter(isUndone);
  const open = tasks.filter((task) => !isUndone(task))
    .toSorted((left, right) => right.completedBy - left.completedBy);
  const policy = job.plan.policy.compensation;
  const fromOutside: Reasons = policy === undefined || tasks.length > 0 ? [] : [reason(
    `Its compensation is driven from outside: it ends with ${matcherText(policy.succeeded)}` +
      ` or, if that fails, with ${matcherText(policy.failed)}.`,
    created,
  )];
  return [
    ...overtakenReasons(known),
    ...open.slice(0, LIST_MAX).flatMap((task) => undoing(known, task)),
    ...undoneSoFar(known, undone, tasks.length),
    ...fromOutside,
  ];
}

function undoneSoFar(known: Case, undone: readonly CompletedTask[], total: number): Reasons {
  if (undone.length === 0) return [];
  const names = shortened(undone.map(({ taskId }) => taskId));
  const are = undone.length === 1 ? "is" : "are";
  const statement = `${undone.length} of ${counted(total, "task")} ${are} compensated: ${names}.`;
  return [reason(statement, ...latest(compensationEnds(known, undone)))];
}

/** The compensation of one task. */
function undoing(known: Case, task: CompletedTask): Reasons {
  const { taskId, completedBy } = task;
  const last = undoingsOf(known, taskId).at(-1);
  return [
    reason(
      `${capital(compensationSubject(taskId))} ${nowText(known, task)}.`,
      last?.ended?.entry.logId ?? last?.started?.logId ?? completedBy,
    ),
    ...unsuccessfulUndoings(known, taskId),
  ];
}

function nowText(known: Case, { taskId, compensation }: CompletedTask): string {
  const attempts = undoingsOf(known, taskId);
  switch (compensation?.status) {
    case undefined:
      return `is still to come: ${taskText(taskId)} has completed and can be undone`;
    case "running": {
      const started = attempts.at(-1)?.started;
      const which = attemptNow(compensation, attempts);
      return started === undefined
        ? `is in ${which}`
        : `has been in ${which} since ${started.receivedAt}`;
    }
    case "interrupted":
      return "was cut short, and will be tried again";
    case "backingOff":
      return `waits for ${attemptToCome(compensation, attempts)}, due at ${compensation.retryAt}`;
    case "failed":
      return "has failed for good";
    case "compensated":
      return "has ended";
    default:
      return assertNever(compensation, "compensation");
  }
}

export function whileCompensating(known: Case): Next {
  const { job, created, circumstances: { queue } } = known;
  if (queue?.pauses !== undefined) return once(queue);
  const unended = unendedAttempts(known);
  if (unended.length > 0) {
    const names = shortened(unended.map(({ taskId }) => taskText(taskId)));
    const have = unended.length === 1 ? "has" : "have";
    const statement = `The compensation begins when ${names} ${have} ended.`;
    return [
      automatic(statement, ...unended.slice(0, LIST_MAX).map(({ attempt }) => attempt.started)),
    ];
  }
  const tasks = compensableTasks(job);
  const [retried] = tasks.flatMap(({ compensation }) =>
    compensation?.status === "backingOff" ? [compensation] : []
  );
  if (retried !== undefined) return [automatic(`The compensation ${tryText(known, retried)}.`)];
  const running = tasks.find(({ compensation }) => compensation?.status === "running");
  if (running !== undefined) {
    const statement = `${capital(compensationSubject(running.taskId))} continues until it ends, ` +
      "however long that takes: it has no time limit.";
    return [automatic(statement, running.lastLogId)];
  }
  const policy = job.plan.policy.compensation;
  if (tasks.length > 0 || policy === undefined) {
    return [automatic("The compensation continues, the last task first.")];
  }
  const { succeeded, failed } = policy;
  const nothing = `Nothing, until ${matcherText(succeeded)} or ${matcherText(failed)} comes.`;
  return [automatic(nothing, created), ...eventsToSend(known)];
}

/** A compensation under way has no time limit, and one from outside needs its event. */
export function whatNothingElseEnds(job: JobState): Next {
  const tasks = compensableTasks(job);
  const isRunning = tasks.some(({ compensation }) => compensation?.status === "running");
  if (isRunning) return [leaveInPlace(job)];
  if (tasks.length > 0) return [];
  const statement = "Cancel it as it is, if that event never comes:";
  return [manual(statement, `/jobs/${job.jobId}/cancel`, { leave: true })];
}
