/** How a job ended, and why it failed. */

import { counted } from "../../core/counted.ts";
import { errorText, thrownErrorText } from "../../core/error_text.ts";
import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import {
  compensableTasks,
  type CompletedTask,
  type DoneJob,
  type FailedJob,
  type Failure,
  hasCode,
  isTerminal,
} from "../../core/job_state.ts";
import { cutShort, leftInPlace } from "../../core/left_in_place.ts";
import { toMatchable } from "../../core/projector.ts";
import { oneLine } from "../../core/shown_value.ts";
import {
  attemptCited,
  attemptsOf,
  beganAtOnce,
  compensationEnds,
  compensationSubject,
  cutShortText,
  isUndone,
  unsuccessfulAttempts,
  unsuccessfulUndoings,
  wasCutShort,
} from "../past/attempts.ts";
import { madeTooLate, overtakenReasons } from "../past/overtaken_attempts.ts";
import {
  countedForOther,
  countedOfAnother,
  countedTwice,
  errorsOutOfTime,
  eventsTooLate,
  failingMatcher,
  nearlyExcluded,
  overlookedEvents,
  sentByTask,
} from "./counted_events.ts";
import type { Case, Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { heldUpReasons } from "../past/hold_up_texts.ts";
import {
  actorText,
  capital,
  latest,
  LIST_MAX,
  reasonText,
  shortened,
  taskText,
} from "../words/phrases.ts";
import { meanwhileReasons } from "../past/process_history.ts";
import { uncaughtMeanwhile, uncaughtReasons } from "../past/uncaught_errors.ts";
import { lateLimit } from "../past/late_limit.ts";
import {
  doneAgain,
  recoveredFailures,
  repeatedSteps,
  resultsTakenOver,
  retryReasons,
  timedOutBefore,
  twinReasons,
} from "./repeated_work.ts";
import { repeatedResults } from "./repeated_results.ts";
import { hasReadNothing, resultsBeforeStop, returnedErrors } from "./returned_errors.ts";
import { lostResults, namedResults } from "./named_results.ts";
import { namedFieldReasons } from "./named_fields.ts";
import { sentWithValue } from "./sent_values.ts";
import { expiredValues } from "./expired_values.ts";
import { askedToWait } from "../past/asked_to_wait.ts";
import {
  deadlineLateness,
  lastWaitGivenUp,
  oddTimes,
  waitsGivenUp,
} from "../past/sleeps_and_waits.ts";
import { reason, showSome } from "../statements/statement.ts";
import { whereTimeWent } from "./time_spent.ts";
import { matcherText } from "../words/expectations.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";

export function endReasons(known: Case): Reasons {
  const { job } = known;
  if (!isTerminal(job)) return [];
  if (job.failure === undefined) {
    return [
      ...notableReasons(known),
      ...heldUpReasons(known),
      ...whereTimeWent(known),
      ...uncaughtMeanwhile(known),
      satisfied(known),
    ];
  }
  return [
    ...failureReasons(known),
    ...compensationEnd(known, job),
    ...overtakenReasons(known),
    ...leftBehind(job),
    ...cutShortSteps(known, job),
    ...repeatedReasons(known),
    ...heldUpReasons(known),
    ...uncaughtReasons(known),
    ...uncaughtMeanwhile(known),
    ...retryReasons(known),
  ];
}

/** What is notable about a job that succeeded. */
export function notableReasons(known: Case): Reasons {
  const { rival } = known;
  return [
    ...rival === undefined ? [] : [rival],
    ...uncaughtReasons(known),
    ...countedOfAnother(known),
    ...countedForOther(known),
    ...repeatedReasons(known),
    ...countedTwice(known),
    ...known.missed,
    ...eventsTooLate(known),
    ...errorsOutOfTime(known),
    ...overlookedEvents(known),
    ...meanwhileReasons(known),
    ...recoveredFailures(known),
    ...returnedErrors(known),
    ...repeatedResults(known),
  ];
}

/** What happened again, or may happen twice, and odd times. */
export function repeatedReasons(known: Evidence): Reasons {
  return [...repeatedSteps(known), ...doneAgain(known), ...oddTimes(known), ...twinReasons(known)];
}

/** What satisfied the last expectation. */
function satisfied(known: Evidence): Statement<LogId> {
  const { endedBy, created } = known;
  if (endedBy === undefined) throw new TypeError("Cannot tell what ended the job");
  const { entry, rule } = endedBy;
  const cause = causeOnRecord(known, entry);
  if (rule === "created/started-empty") {
    return reason("Its plan expects nothing, so it was Done when it started.", entry, cause);
  }
  if (rule === "running/waived-satisfied" && isOfType(entry, "job.DeadlinePassed")) {
    const statement = `The deadline of "${entry.attributes.expectation}" passed at ` +
      `${entry.receivedAt}, which waives it; that was all that its plan still expected.`;
    return reason(statement, entry, cause, created);
  }
  const what = entry.eventType === "job.TaskCompleted"
    ? `${capital(taskText(entry.taskId ?? MAIN_TASK))} completed at ${entry.receivedAt}`
    : `${toMatchable(entry).eventType} came at ${entry.receivedAt}`;
  const names = shortened(settledBy(known, entry).map((id) => `"${id}"`));
  const last = names === '"main"' ? "" : ` and settled ${names}`;
  return reason(`${what}${last}; that was all that its plan still expected.`, entry, cause);
}

function settledBy({ job }: Evidence, { logId }: JobEventLogEntry): readonly string[] {
  return job.plan.expected
    .filter((_, index) => job.expected[index]?.by.at(-1) === logId)
    .map(({ id }) => id);
}

/** The failure, the row of the state table, and each attempt that led to it. */
export function failureReasons(known: Case): Reasons {
  const { job, failedBy } = known;
  const failure = recordedFailure(job);
  if (failure === undefined || failedBy === undefined) return [];
  const { taskId, because } = failure;
  const late = lateLimit(known);
  const attempts = taskId === undefined ? [] : unsuccessfulAttempts(known, taskId, because);
  const again = new Set(repeatedSteps(known).flatMap(({ cites }) => cites));
  return [
    failed(known, failure, failedBy.entry),
    ...causesOfFailure(known),
    ...namedResults(known),
    ...hasThrown(failure, failedBy.entry) ? waitsGivenUp(known) : [],
    ...late.length > 0 ? late : meanwhileReasons(known),
    ...eventsTooLate(known),
    ...known.sameElsewhere === undefined ? [] : [known.sameElsewhere],
    // `repeatedReasons` says of one that was cut short what it may have done.
    ...attempts.filter(({ cites }) => !cites.every((logId) => again.has(logId))),
  ];
}

/** What may have caused the failure, apart from the error itself: the summary names it as well. */
export function causesOfFailure(known: Case): Reasons {
  const { rival, failedBy, job } = known;
  const isOfTask = job.state === "Failed" && job.failure.taskId !== MAIN_TASK;
  return [
    ...rival === undefined ? [] : [rival],
    ...known.missed,
    ...uncaughtReasons(known, 0, failedBy?.entry.logId),
    ...countedOfAnother(known),
    ...countedForOther(known),
    ...overlookedEvents(known),
    ...sentByTask(known),
    ...sentWithValue(known),
    ...returnedErrors(known),
    ...repeatedResults(known),
    ...resultsBeforeStop(known),
    ...isOfTask && hasReadNothing(known) ? lastWaitGivenUp(known) : [],
    ...lostResults(known),
    ...namedFieldReasons(known),
    ...expiredValues(known),
    ...nearlyExcluded(known),
    ...madeTooLate(known),
    ...beganAtOnce(known),
    ...askedToWait(known),
    ...timedOutBefore(known),
    ...resultsTakenOver(known),
  ];
}

/** Whether `run` itself threw. */
export function hasThrown({ kind, taskId }: Failure, { eventType }: JobEventLogEntry): boolean {
  return kind === "error" && taskId === MAIN_TASK && eventType === "job.TaskFailed";
}

function failed(known: Evidence, failure: Failure, entry: JobEventLogEntry): Statement<LogId> {
  const { job, created } = known;
  const cause = causeOnRecord(known, entry);
  const at = entry.receivedAt;
  if (isOfType(entry, "job.JobCancelled")) {
    const left = failure.leave ? ", and left in place what it had done" : "";
    const why = reasonText(entry.attributes.reason);
    return reason(
      `A cancel control${actorText(entry)} ended it at ${at}${why}${left}.`,
      entry,
      cause,
    );
  }
  if (isOfType(entry, "job.TaskFailed")) {
    if (neverStarted(known)) {
      return reason(`It could not be started at ${at}: ${errorText(failure.error)}.`, entry, cause);
    }
    const { kind, taskId = MAIN_TASK, error } = failure;
    const how = kind === "deadLetter"
      ? `used up its ${counted(entry.attributes.maxAttempts, "attempt")}: the last one failed`
      : kind === "poison"
      ? "failed for good"
      : "threw";
    const statement = `${capital(taskText(taskId))} ${how} at ${at}: ${thrownErrorText(error)}.`;
    return reason(statement, entry, cause, attemptsOf(known, taskId).at(-1)?.started);
  }
  if (entry.eventType === "job.DeadlinePassed") {
    const { statement: late, cites } = deadlineLateness(known);
    const passed = late === "" ? "passed" : "was recorded as passed";
    const statement = `A deadline of its plan ${passed} at ${at}: ${failure.error.message}${late}.`;
    return reason(statement, entry, cause, created, ...cites);
  }
  const event = toMatchable(entry);
  const matcher = failingMatcher(job, event);
  const named = matcher === undefined ? event.eventType : matcherText(matcher);
  const statement = `${event.eventType} came at ${at}${sayingText(event)}; ` +
    `its policy names ${named} an error.`;
  return reason(statement, entry, cause, created);
}

function sayingText({ attributes: { message } }: MatchableEvent): string {
  return typeof message === "string" && message.trim() !== ""
    ? `, saying: ${oneLine(message)}`
    : "";
}

/** Whether the event that created the job gave no valid input, so that it never started. */
export function neverStarted(known: OutlinedHistory): boolean {
  const { job, created, failedBy } = known;
  return job.state === "Failed" && job.failure.kind === "poison" &&
    job.failure.taskId === MAIN_TASK && created.causedBy !== undefined &&
    failedBy?.entry.causedBy === created.causedBy &&
    attemptsOf(known, MAIN_TASK).at(-1)?.started === undefined;
}

/** Whether its deadline passed before it got a worker. */
export function neverRan({ job, failedBy, attempts }: OutlinedHistory): boolean {
  return failedBy?.entry.eventType === "job.DeadlinePassed" && hasCode(job) && attempts.size === 0;
}

function compensationEnd(known: Evidence, job: DoneJob | FailedJob): Reasons {
  const { endedBy, failedBy } = known;
  if (endedBy === undefined || failedBy?.rule !== "running/error-compensating") return [];
  const { entry, rule } = endedBy;
  const tasks = compensableTasks(job);
  const undone = tasks.filter(isUndone);
  const ends = latest(compensationEnds(known, undone));
  if (rule === "compensating/left-in-place" && isOfType(entry, "job.JobCancelled")) {
    const statement =
      `A cancel control${actorText(entry)} ended its compensation at ${entry.receivedAt}` +
      `${reasonText(entry.attributes.reason)}, before all was undone${undoneText(undone)}.`;
    return [reason(statement, entry, ...ends)];
  }
  const outcome = job.state === "Done" ? ": its policy counts that as Done" : "";
  const how = entry.eventType === "job.CompensationEnded"
    ? `Its compensation ended at ${entry.receivedAt}`
    : `${toMatchable(entry).eventType} ended its compensation at ${entry.receivedAt}` +
      sayingText(toMatchable(entry));
  const cause = causeOnRecord(known, entry);
  const hadNothing = tasks.length === 0 && job.plan.policy.compensation === undefined;
  return [
    reason(`${how}${outcome}${undoneText(undone)}.`, entry, cause, ...ends),
    ...hadNothing
      ? [reason("Nothing had to be undone: no task with a compensation had completed.", entry)]
      : [],
    ...notUndone(known, tasks),
  ];
}

/** `; hold was undone`, or nothing. */
function undoneText(undone: readonly CompletedTask[]): string {
  if (undone.length === 0) return "";
  const names = shortened(undone.map(({ taskId }) => taskId));
  return `; ${names} ${undone.length === 1 ? "was" : "were"} undone`;
}

function notUndone(known: Evidence, tasks: readonly CompletedTask[]): Reasons {
  return showSome(tasks, known.conditionSince, (task) => {
    const { taskId, compensation, completedBy } = task;
    if (isUndone(task)) return [];
    if (compensation?.status !== "failed") {
      return [reason(`${capital(taskText(taskId))} was not compensated.`, completedBy)];
    }
    const bad = unsuccessfulUndoings(known, taskId);
    if (bad.length > 0) return bad;
    const subject = capital(compensationSubject(taskId));
    const statement = `${subject} failed for good: ${errorText(compensation.error)}.`;
    return [reason(statement, ...compensationEnds(known, [task]))];
  });
}

/** Of a job that failed by itself, the next steps say it. */
function leftBehind(job: DoneJob | FailedJob): Reasons {
  const tasks = leftInPlace(job);
  if (tasks.length === 0 || job.state === "Failed" && job.failure.leave !== true) return [];
  const names = shortened(tasks.map(({ taskId }) => taskId));
  const why = job.failure?.leave
    ? "as the cancellation says"
    : `since nothing is declared that undoes ${tasks.length === 1 ? "it" : "them"}`;
  const cites = tasks.slice(0, LIST_MAX).map(({ completedBy }) => completedBy);
  return [reason(`Left in place, ${why}: ${names}.`, ...cites)];
}

/** Steps that had begun but not ended when the job did: nothing undid their effects. */
function cutShortSteps(known: Evidence, job: DoneJob | FailedJob): Reasons {
  const { failedBy, causes } = known;
  return cutShort(job).flatMap(({ taskId }) => {
    const attempt = attemptsOf(known, taskId).at(-1);
    const ended = attempt?.ended;
    if (attempt === undefined || !wasCutShort(attempt) || ended?.kind !== "interrupted") return [];
    if (ended.entry.logId > (failedBy?.entry.logId ?? 0)) return [];
    const statement = `${capital(taskText(taskId))} was cut short (${
      cutShortText(ended, causes)
    }): it may have done its work or a part of it, and nothing undid that.`;
    return [reason(statement, ...attemptCited(attempt, causes))];
  }).slice(0, LIST_MAX);
}

/** The position of the cause of an entry, such as the event that it stands for, if it was read. */
function causeOnRecord(
  { entries, causes }: Evidence,
  { causedBy }: JobEventLogEntry,
): LogId | undefined {
  const isKnown = causedBy !== undefined && (entries.has(causedBy) || causes.has(causedBy));
  return isKnown ? causedBy : undefined;
}
