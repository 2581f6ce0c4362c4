/** How a job ended, and why it failed. */

import { assertNever } from "../core/assert_never.ts";
import { counted } from "../core/counted.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import { type AttemptFailure, isWithdrawal } from "../core/framework_events.ts";
import type { Reasons, Statement } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { type MatchableEvent, matcherAccepts } from "../core/job_plan.ts";
import type { CompletedTask, DoneJob, FailedJob, Failure } from "../core/job_state.ts";
import { toMatchable } from "../core/projector.ts";
import { cutShort, leftInPlace } from "../core/left_in_place.ts";
import { showSome } from "./show_some.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import {
  attemptCited,
  compensationSubject,
  cutShortText,
  unsuccessfulAttempts,
} from "./attempts.ts";
import { compensableTasks, compensationEnds } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { heldUpReasons } from "./hold_up_texts.ts";
import { lateLimit } from "./late_limit.ts";
import { lateDeadlineText, oddTimes } from "./times.ts";
import { doneAgain, resultsOfOtherCode } from "./retried.ts";
import { meanwhileReasons } from "./process_facts.ts";
import { returnedErrors } from "./returned_errors.ts";
import { twinReasons } from "./twins.ts";
import { waitsGivenUp } from "./run_answers.ts";
import { overtakenReasons } from "./overtaken.ts";
import {
  countedOfAnother,
  countedTwice,
  eventsTooLate,
  overlookedEvents,
  recoveredFailures,
  repeatedSteps,
  whereTimeWent,
} from "./retrospect.ts";
import { errorText, thrownErrorText } from "../core/error_text.ts";
import { oneLine } from "../core/shown_value.ts";
import {
  actorText,
  capital,
  latest,
  matcherText,
  reasonText,
  shortened,
  taskText,
} from "./phrases.ts";

const SHOWN_MAX = 10;

export function endReasons(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  const { job } = outlined;
  if (job.state !== "Done" && job.state !== "Failed") return [];
  if (job.state === "Done" && job.failure === undefined) {
    return [
      ...notableReasons(outlined, evidence),
      ...heldUpReasons(outlined, evidence),
      ...whereTimeWent(outlined, evidence),
      satisfied(outlined, evidence),
    ];
  }
  return [
    ...failureReasons(outlined, evidence),
    ...compensationEnd(outlined, job, evidence),
    ...overtakenReasons(outlined, evidence.causes),
    ...leftBehind(job),
    ...cutShortSteps(outlined, job, evidence.causes),
    ...repeatedReasons(outlined, evidence),
    ...heldUpReasons(outlined, evidence),
  ];
}

/** What is notable about a job that succeeded. */
export function notableReasons(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  return [
    ...countedOfAnother(outlined),
    ...repeatedReasons(outlined, evidence),
    ...countedTwice(outlined),
    ...eventsTooLate(outlined, evidence),
    ...overlookedEvents(outlined, evidence),
    ...meanwhileReasons(outlined),
    ...recoveredFailures(outlined),
  ];
}

/** What happened again, or may happen twice, and odd times. */
export function repeatedReasons(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  return [
    ...repeatedSteps(outlined, evidence.causes),
    ...doneAgain(outlined, evidence),
    ...oddTimes(outlined),
    ...twinReasons(outlined, evidence),
  ];
}

/** What satisfied the last expectation. */
function satisfied(outlined: OutlinedHistory, { causes }: Evidence): Statement<LogId> {
  const { endedBy } = outlined;
  if (endedBy === undefined) throw new TypeError("Cannot tell what ended the job");
  const { entry, rule } = endedBy;
  const cites = [entry.logId, ...causeOf(entry, outlined, causes)];
  if (rule === "created/started-empty") {
    return { statement: "Its plan expects nothing, so it was Done when it started.", cites };
  }
  if (rule === "running/waived-satisfied") {
    const { expectation } = (entry as FrameworkEntry<"job.DeadlinePassed">).attributes;
    const statement = `The deadline of "${expectation}" passed at ${entry.receivedAt}, which ` +
      "waives it, the last that the plan expected.";
    return { statement, cites: [...cites, outlined.created.logId] };
  }
  const what = entry.eventType === "job.TaskCompleted"
    ? `${capital(taskText(entry.taskId ?? MAIN_TASK))} completed at ${entry.receivedAt}`
    : `${toMatchable(entry).eventType} came at ${entry.receivedAt}`;
  const names = shortened(settledBy(outlined, entry).map((id) => `"${id}"`), SHOWN_MAX);
  const last = names === '"main"' ? "" : ` and settled ${names}`;
  return { statement: `${what}${last}, the last that the plan expected.`, cites };
}

function settledBy({ job }: OutlinedHistory, { logId }: JobEventLogEntry): readonly string[] {
  return job.plan.expected
    .filter((_, index) => job.expected[index]?.by.at(-1) === logId)
    .map(({ id }) => id);
}

/** The failure, the row of the state table, and each attempt that led to it. */
export function failureReasons(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  const { job, failedBy } = outlined;
  const failure = "failure" in job ? job.failure : undefined;
  if (failure === undefined || failedBy === undefined) return [];
  const attempts = failure.taskId === undefined ? [] : outlined.attempts.get(failure.taskId) ?? [];
  const subject = taskText(failure.taskId ?? MAIN_TASK);
  const before = attempts.filter(({ ended }) => ended?.entry.logId !== failure.because);
  const earlier = unsuccessfulAttempts(subject, before, evidence.causes);
  const { sameElsewhere } = evidence;
  const late = lateLimit(outlined, evidence);
  return [
    failed(outlined, failure, failedBy.entry, evidence),
    ...countedOfAnother(outlined),
    ...returnedErrors(outlined),
    ...resultsOfOtherCode(outlined, evidence),
    ...hasThrown(failure, failedBy.entry) ? waitsGivenUp(outlined) : [],
    ...late === undefined ? meanwhileReasons(outlined) : [late],
    ...eventsTooLate(outlined, evidence),
    ...sameElsewhere === undefined ? [] : [sameElsewhere],
    ...earlier,
  ];
}

/** Whether `run` itself threw. */
function hasThrown({ kind, taskId }: Failure, { eventType }: JobEventLogEntry): boolean {
  return kind === "error" && taskId === MAIN_TASK && eventType === "job.TaskFailed";
}

function failed(
  outlined: OutlinedHistory,
  failure: Failure,
  entry: JobEventLogEntry,
  { causes }: Evidence,
): Statement<LogId> {
  const cites = [entry.logId, ...causeOf(entry, outlined, causes)];
  const at = entry.receivedAt;
  if (entry.eventType === "job.JobCancelled") {
    const { reason } = (entry as FrameworkEntry<"job.JobCancelled">).attributes;
    const left = failure.leave ? ", and left in place what it had done" : "";
    return {
      statement: `A cancel control${actorText(entry)} ended it at ${at}${
        reasonText(reason)
      }${left}.`,
      cites,
    };
  }
  if (entry.eventType === "job.TaskFailed") {
    const { attributes } = entry as FrameworkEntry<"job.TaskFailed">;
    if (outlined.job.state === "Failed" && neverStarted(outlined, outlined.job)) {
      const statement = `It could not be started at ${at}: ${errorText(failure.error)}.`;
      return { statement, cites };
    }
    const statement = taskFailedText(failure, attributes, at);
    const began = outlined.attempts.get(entry.taskId ?? MAIN_TASK)?.at(-1)?.started?.logId;
    return { statement, cites: began === undefined ? cites : [...cites, began] };
  }
  if (entry.eventType === "job.DeadlinePassed") {
    const late = lateDeadlineText(outlined);
    const passed = late === "" ? "passed" : "was recorded as passed";
    const statement = `A deadline of its plan ${passed} at ${at}: ${failure.error.message}${late}.`;
    return { statement, cites: [...cites, outlined.created.logId] };
  }
  const event = toMatchable(entry);
  const matcher = outlined.job.plan.policy.errors.find((one) => matcherAccepts(one, event));
  const named = matcher === undefined ? event.eventType : matcherText(matcher);
  const statement = `${event.eventType} came at ${at}${sayingText(event)}; ` +
    `its policy names ${named} an error.`;
  return { statement, cites: [...cites, outlined.created.logId] };
}

function taskFailedText(
  { kind, taskId = MAIN_TASK, error }: Failure,
  attributes: AttemptFailure,
  at: string,
): string {
  const what = capital(taskText(taskId));
  switch (kind) {
    case "deadLetter":
      return `${what} used up its ${counted(attributes.maxAttempts, "attempt")}: ` +
        `the last one failed at ${at}: ${thrownErrorText(error)}.`;
    case "poison":
      return `${what} failed for good at ${at}: ${thrownErrorText(error)}.`;
    case "error":
      return `${what} threw at ${at}: ${thrownErrorText(error)}.`;
    case "cancelled":
      return `${what} was cancelled at ${at}: ${errorText(error)}.`;
    default:
      return assertNever(kind, "kind of failure");
  }
}

/** `, saying: it broke`, for an event with a message. */
function sayingText({ attributes: { message } }: MatchableEvent): string {
  return typeof message === "string" && message.trim() !== ""
    ? `, saying: ${oneLine(message)}`
    : "";
}

/** Whether the event that created the job gave no valid input, so that it never started. */
export function neverStarted(outlined: OutlinedHistory, { failure }: FailedJob): boolean {
  const attempt = outlined.attempts.get(MAIN_TASK)?.at(-1);
  return failure.error.name === "InvalidInput" && outlined.created.causedBy !== undefined &&
    failure.taskId === MAIN_TASK && attempt?.started === undefined;
}

function compensationEnd(
  outlined: OutlinedHistory,
  job: DoneJob | FailedJob,
  evidence: Evidence,
): Reasons {
  const { endedBy } = outlined;
  if (endedBy === undefined || outlined.failedBy?.rule !== "running/error-compensating") return [];
  const { entry, rule } = endedBy;
  const tasks = compensableTasks(job);
  if (rule === "compensating/left-in-place") {
    return [givenUp(outlined, entry, undone(tasks))];
  }
  const outcome = job.state === "Done" ? ": its policy counts that as Done" : "";
  const how = entry.eventType === "job.CompensationEnded"
    ? `Its compensation ended at ${entry.receivedAt}`
    : `${toMatchable(entry).eventType} ended its compensation at ${entry.receivedAt}` +
      sayingText(toMatchable(entry));
  const done = undone(tasks);
  const ended = {
    statement: `${how}${outcome}${undoneText(done)}.`,
    cites: [
      entry.logId,
      ...causeOf(entry, outlined, evidence.causes),
      ...latest(compensationEnds(outlined, done)),
    ],
  };
  const nothing = tasks.length > 0 || outlined.job.plan.policy.compensation !== undefined ? [] : [{
    statement: "Nothing had to be undone: no task that knows how had completed.",
    cites: [entry.logId],
  }];
  return [
    ended,
    ...nothing,
    ...notUndone(outlined, tasks, evidence.causes),
  ];
}

function givenUp(
  outlined: OutlinedHistory,
  entry: JobEventLogEntry,
  done: readonly CompletedTask[],
): Statement<LogId> {
  const { reason } = (entry as FrameworkEntry<"job.JobCancelled">).attributes;
  const statement =
    `A cancel control${actorText(entry)} ended its compensation at ${entry.receivedAt}` +
    `${reasonText(reason)}, before all was undone${undoneText(done)}.`;
  return { statement, cites: [entry.logId, ...latest(compensationEnds(outlined, done))] };
}

function undone(tasks: readonly CompletedTask[]): readonly CompletedTask[] {
  return tasks.filter(({ compensation }) => compensation?.status === "compensated");
}

/** `; hold was undone`, or nothing. */
function undoneText(done: readonly CompletedTask[]): string {
  if (done.length === 0) return "";
  const names = shortened(done.map(({ taskId }) => taskId), SHOWN_MAX);
  return `; ${names} ${done.length === 1 ? "was" : "were"} undone`;
}

function notUndone(
  outlined: OutlinedHistory,
  tasks: readonly CompletedTask[],
  causes: Evidence["causes"],
): Reasons {
  return showSome(tasks, outlined.conditionSince.logId, (task) => {
    const { taskId, compensation } = task;
    if (compensation?.status === "compensated") return [];
    const subject = compensationSubject(taskId);
    if (compensation?.status === "failed") {
      const bad = unsuccessfulAttempts(subject, outlined.compensations.get(taskId) ?? [], causes);
      if (bad.length > 0) return bad;
      const statement = `${capital(subject)} failed for good: ${errorText(compensation.error)}.`;
      return [{ statement, cites: compensationEnds(outlined, [task]) }];
    }
    const statement = `${capital(taskText(taskId))} was not compensated.`;
    return [{ statement, cites: [task.completedBy] }];
  });
}

function leftBehind(job: DoneJob | FailedJob): Reasons {
  const tasks = leftInPlace(job);
  if (tasks.length === 0) return [];
  const names = shortened(tasks.map(({ taskId }) => taskId), SHOWN_MAX);
  const why = job.failure?.leave
    ? "as the cancellation says"
    : `since nothing is declared that undoes ${tasks.length === 1 ? "it" : "them"}`;
  return [{
    statement: `Left in place, ${why}: ${names}.`,
    cites: tasks.slice(0, SHOWN_MAX).map(({ completedBy }) => completedBy),
  }];
}

/** Steps that had begun but not ended when the job did: nothing undid their effects. */
function cutShortSteps(
  outlined: OutlinedHistory,
  job: DoneJob | FailedJob,
  causes: Evidence["causes"],
): Reasons {
  return cutShort(job).flatMap(({ taskId }) => {
    const attempt = outlined.attempts.get(taskId)?.at(-1);
    const ended = attempt?.ended;
    const isOvertaken = (ended?.entry.logId ?? Infinity) > (outlined.failedBy?.entry.logId ?? 0);
    if (attempt?.started === undefined || ended?.end.kind !== "interrupted" || isOvertaken) {
      return [];
    }
    if (isWithdrawal(ended.end.reason)) return [];
    const statement = `${capital(taskText(taskId))} was cut short (${
      cutShortText(ended.entry, ended.end.reason, causes)
    }): it may have done its work or a part of it, and nothing undid that.`;
    return [{ statement, cites: attemptCited(attempt, causes) }];
  }).slice(0, SHOWN_MAX);
}

/** The cause of an entry, such as the event that it stands for. */
function causeOf(
  entry: JobEventLogEntry,
  { entries }: OutlinedHistory,
  causes: Evidence["causes"],
): readonly LogId[] {
  const { causedBy } = entry;
  return causedBy !== undefined && (entries.has(causedBy) || causes.has(causedBy))
    ? [causedBy]
    : [];
}
