/**
 * The job that was to send an event which nothing on record resembles: one of the type that sent
 * others of its kind, and that was given the value which is expected. Or that there is none. If no
 * event of the kind has ever come: a job that was given the value, and failed.
 */

import { type Condition, conditionText, deriveCondition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { type FailedJob, isTerminal, type JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import { oneLine, shownScalar, shownText } from "../../core/shown_value.ts";
import type { NextStep, Statement } from "../explanation.ts";
import { type Mismatch, mismatchesText } from "../likeness/mismatch.ts";
import { becameBy, becameText, taskText } from "../words/phrases.ts";
import { resultsWithError } from "../ended/returned_errors.ts";
import { byHand, manual, reason } from "../statement.ts";

export interface Sender {
  /** If others of the kind came from jobs: their type and task, and the end of such a task. */
  readonly others?: { readonly type: string; readonly taskId: TaskId; readonly sentBy: LogId };
  /** The expected value. */
  readonly value: JsonScalar;
  /** The job that was given it, and where; absent if no job of the type was that sent none. */
  readonly job?: JobState;
  readonly path?: string;
  /** If there is no such job: whether events of others that were given it have counted. */
  readonly hasCounted?: boolean;
  /** An event with the value that would start a job of the type, but for its content. */
  readonly unstarted?: Unstarted | undefined;
  /** Whether the waiting job was to send it itself, in a task that it has not run. */
  readonly isItself?: boolean;
  /** What it sent of the kind without the value. */
  readonly instead?: LogId | undefined;
  /** If that job waits itself: the one at the end of the chain, which waits for no other. */
  readonly last?: JobState | undefined;
}

export interface Unstarted {
  readonly event: JobEventLogEntry;
  /** What starts such jobs, and does not hold for it. */
  readonly clauses: readonly Mismatch[];
  /** The job that it started and that failed at once, since it gave no valid input. */
  readonly failed?: FailedJob;
}

/** `Others came from task send of jobs of type shop.make; job make-7, which ..., was cancelled`. */
export function senderReason(
  { others, value, job, path = "", isItself = false, instead, last, hasCounted, unstarted }: Sender,
): Statement<LogId> {
  const { type, taskId, sentBy } = others ?? {};
  const by = taskId === undefined
    ? ""
    : `Others came from ${taskText(taskId)} of jobs of type ${type}`;
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
  const subject = by === "" ? `Job ${job.jobId} of type ${job.type}` : `${by}; job ${job.jobId}`;
  if (isItself) {
    const statement = `${by}, as this one is, and it waits before it has run that task.`;
    return reason(statement, sentBy, job.firstLogId);
  }
  const stand = last === undefined
    ? notSentText(job, instead, shown)
    : `has sent nothing: it waits in turn for job ${last.jobId} of type ${last.type}, which ${
      notSentText(last)
    }`;
  const statement = `${subject}, which has ${shown} at ${shownText(path)}, ${stand}.`;
  return reason(
    statement,
    sentBy,
    job.firstLogId,
    instead,
    becameBy(job),
    ...last ? [becameBy(last)] : [],
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
  return failed === undefined
    ? `${came} and started none: ${mismatchesText(clauses)}`
    : `${came}; job ${failed.jobId} failed: ${oneLine(failed.failure.error.message)}`;
}

/** `was cancelled at ... (reason: ...), and has not sent it`. */
function notSentText(job: JobState, instead?: LogId, shown = ""): string {
  if (instead !== undefined) return `${becameText(job)}, and has sent one without ${shown}`;
  const has = `${becameText(job)}, and has not sent it`;
  return job.state === "Done" ? has + resultText(job) : isTerminal(job) ? has : `${has} yet`;
}

/** `: its task scan completed, but its result is an error: ...`, or nothing. */
function resultText(job: JobState): string {
  const [bad] = resultsWithError(job);
  return bad === undefined ? "" : `: its ${bad}`;
}

const CALLS: Partial<Record<Condition, readonly [verb: string, path: string]>> = {
  failed: ["Retry", "retry"],
  cancelled: ["Retry", "retry"],
  suspended: ["Resume", "resume"],
};

/** What makes the job send the event after all, or shows what keeps it from that. */
export function moveSender(
  { others, job, isItself = false, last = job, unstarted }: Sender,
): readonly NextStep<LogId>[] {
  if (unstarted !== undefined) {
    const { event } = unstarted;
    return [byHand(`Send ${event.eventType} again, corrected.`, event)];
  }
  if (last === undefined || isItself || last.state === "Done") return [];
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
