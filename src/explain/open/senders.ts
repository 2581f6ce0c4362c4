/**
 * The job that should have sent an event that nothing on record resembles: one of the type that sent
 * others of its kind, and that was given the expected value; or that there is no such job. If no
 * event of the kind has ever come, it is a job that was given the value and failed.
 */

import { type Condition, conditionText, deriveCondition } from "../../core/condition.ts";
import { thrownErrorText } from "../../core/error_text.ts";
import { INVALID_INPUT } from "../../core/failure.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { findTask, isTerminal, type JobState } from "../../core/job_state.ts";
import { oneLine, shownScalar, shownText, shownValue } from "../../core/shown_value.ts";
import { sleeping } from "../../core/task_facts.ts";
import type { Sender } from "../statements/evidence.ts";
import type { NextStep, Statement } from "../statements/explanation.ts";
import { mismatchesText } from "../likeness/mismatch.ts";
import { endStep, pausesCited } from "../queue/pause_texts.ts";
import { pausesText, taskText } from "../words/phrases.ts";
import { becameBy, becameText } from "../words/other_jobs.ts";
import { resultsWithError } from "../ended/returned_errors.ts";
import { sleepEnd } from "./odd_sleeps.ts";
import { byHand, manual, reason } from "../statements/statement.ts";

/** `Such events came from task send of jobs of type shop.make; job make-7, which ..., was cancelled`. */
export function senderReason(
  sender: Sender,
  expectedType: string,
): Statement<LogId> {
  const { others, value, job, path = "", isItself = false } = sender;
  const { instead, last, hasCounted, unstarted, pauses = [] } = sender;
  const { type, version, taskId, sentBy } = others ?? {};
  const isOther = job !== undefined && !isItself && version !== undefined &&
    job.definitionVersion !== version;
  const [versionText, ofVersion] = isOther
    ? [`, version ${version}`, ` of version ${job.definitionVersion}`]
    : ["", ""];
  const by = taskId === undefined
    ? ""
    : `Such events came from ${taskText(taskId)} of jobs of type ${type}${versionText}`;
  const shown = shownScalar(value);
  if (job === undefined) {
    const which = hasCounted === true ? "no other job" : "no job";
    const none = `${by}, and ${which} of that type was given ${shown}`;
    return reason(
      `${none}${unstartedText(unstarted)}.`,
      sentBy,
      unstarted?.event,
      unstarted?.failed?.lastLogId,
    );
  }
  const subject = by === ""
    ? `Job ${job.jobId} of type ${job.type}`
    : `${by}; job ${job.jobId}${ofVersion}`;
  const own = isItself && taskId !== undefined ? findTask(job, taskId) : undefined;
  if (own?.status === "completed") {
    const statement = `${by}, as this one is; here it sent none, and returned ` +
      `${shownValue(own.result)}.`;
    return reason(statement, sentBy, own.completedBy);
  }
  if (isItself) {
    const statement = `${by}, as this one is, and it waits before it has run that task.`;
    return reason(statement, sentBy, job.firstLogId);
  }
  const stand = last === undefined
    ? notSentText(job, instead && insteadText(expectedType, instead, shown), taskId)
    : `has sent nothing: it waits in turn for job ${last.jobId} of type ${last.type}, which ${
      notSentText(last)
    }`;
  const paused = pauses.length === 0 ? "" : `: ${pausesText(pauses)}`;
  const statement = `${subject}, which has ${shown} at ${shownText(path)}, ${stand}${paused}.`;
  return reason(
    statement,
    sentBy,
    job.firstLogId,
    instead?.logId,
    becameBy(job),
    ...last ? [becameBy(last)] : [],
    ...sleepEndOf(last ?? job)?.cites ?? [],
    ...pausesCited(pauses),
  );
}

/**
 * `: part.Ordered, which starts them, came at ... and started none: method: expected ...`, or `...
 * came at ...; job job~7 failed: Cannot start ...`
 */
function unstartedText(unstarted: Sender["unstarted"]): string {
  if (unstarted === undefined) return "";
  const { event: { eventType, receivedAt }, clauses, failed } = unstarted;
  const came = `: ${eventType}, which starts them, came at ${receivedAt}`;
  if (failed === undefined) return `${came} and started none: ${mismatchesText(clauses)}`;
  const { error } = failed.failure;
  return error.name === INVALID_INPUT
    ? `${came}; job ${failed.jobId} failed: ${oneLine(error.message)}`
    : `${came}; job ${failed.jobId} could not be started: ${thrownErrorText(error)}`;
}

/** What the end of the only sleep of a job that sleeps was made of. */
function sleepEndOf(job: JobState): Statement<LogId> | undefined {
  const [only, another] = deriveCondition(job) === "sleeping" ? sleeping(job.tasks) : [];
  return only === undefined || another !== undefined ? undefined : sleepEnd(job, only);
}

/** `was cancelled at ... (reason: ...), and has not sent it`. */
function notSentText(job: JobState, instead?: string, taskId?: TaskId): string {
  if (instead !== undefined) return `${becameText(job)}, and has sent ${instead}`;
  const end = sleepEndOf(job);
  const has = `${becameText(job)}${end ? `, as ${end.statement}` : ""}, and has not sent it`;
  if (job.state !== "Done") return isTerminal(job) ? has : `${has} yet`;
  return has + (resultText(job) || skippedText(job, taskId));
}

/** `one without "7"`, or `psp.Settled with "7" instead`. */
function insteadText(
  expectedType: string,
  { eventType }: NonNullable<Sender["instead"]>,
  shown: string,
): string {
  return eventType === expectedType ? `one without ${shown}` : `${eventType} with ${shown} instead`;
}

/** `: its task scan completed, but its result is an error: ...`, or nothing. */
function resultText(job: JobState): string {
  const [bad] = resultsWithError(job);
  return bad === undefined ? "" : `: its ${bad}`;
}

/** `: it did not run task write, and returned {"skipped":"no rows"}`, or nothing. */
function skippedText(job: JobState, taskId: TaskId | undefined): string {
  // With a digit, it may be that of the other job's own key, or of one round of a loop.
  if (taskId === undefined || /\d/.test(taskId) || findTask(job, taskId) !== undefined) return "";
  const main = findTask(job, MAIN_TASK);
  const output = main?.status === "completed" ? main.result : undefined;
  const returned = output === undefined ? "" : `, and returned ${shownValue(output)}`;
  return `: it did not run ${taskText(taskId)}${returned}`;
}

const CALLS: Partial<Record<Condition, readonly [verb: string, path: string]>> = {
  failed: ["Retry", "retry"],
  cancelled: ["Retry", "retry"],
  suspended: ["Resume", "resume"],
};

/** What makes the job send the event after all, or shows what keeps it from that. */
export function moveSender(
  { others, job, isItself = false, last = job, unstarted, pauses = [] }: Sender,
): readonly NextStep<LogId>[] {
  if (unstarted !== undefined) {
    const { event } = unstarted;
    return [byHand(`Send ${event.eventType} again, corrected.`, event)];
  }
  if (last === undefined || isItself || last.state === "Done") return [];
  if (pauses.length > 0) return pauses.map(endStep);
  const condition = deriveCondition(last);
  const call = CALLS[condition];
  if (call === undefined) {
    const statement = `See why job ${last.jobId} is ${conditionText(condition)}: ` +
      `GET /jobs/${last.jobId}/explain.`;
    return [byHand(statement, becameBy(last))];
  }
  const [verb, path] = call;
  const was = last !== job
    ? "for which all of them wait"
    : others === undefined
    ? "if it was to send it"
    : "which was to send it";
  return [manual(`${verb} job ${last.jobId}, ${was}:`, `/jobs/${last.jobId}/${path}`)];
}
