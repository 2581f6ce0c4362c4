/** Phrases that explanations share, so that the same thing is always said in the same way. */

import { assertNever } from "../../core/assert_never.ts";
import { type Condition, conditionText, deriveCondition } from "../../core/condition.ts";
import { countOf, countText } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { InterruptionReason, OpenAttempt } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { BackingOffTask, Failure, JobState } from "../../core/job_state.ts";
import { oneLine, shownText } from "../../core/shown_value.ts";
import { openExpectations } from "../../core/awaited_events.ts";

/** How many entries that say the same are cited: the latest. */
const CITED_MAX = 10;

/** `a`, `a and b`, `a, b and c`. */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/**
 * `attempt 2 of 4`, `attempt 3 (counted as 2 of 4: one was cut short)`, or `attempt 2` when the
 * limit is not on record.
 *
 * @param attempt Its number on record.
 * @param failures How many attempts had failed before it: only they count for the limit.
 */
export function attemptText(
  attempt: number,
  failures: number,
  maxAttempts: number | undefined,
): string {
  return `attempt ${attemptNumber(attempt, failures, maxAttempts)}`;
}

/** The same without the word. */
export function attemptNumber(
  attempt: number,
  failures: number,
  maxAttempts: number | undefined,
): string {
  if (maxAttempts === undefined) return `${attempt}`;
  const cutShort = attempt - 1 - failures;
  if (cutShort <= 0) return `${attempt} of ${maxAttempts}`;
  const others = cutShort === 1 ? "one was" : `${cutShort} were`;
  return `${attempt} (counted as ${failures + 1} of ${maxAttempts}: ${others} cut short)`;
}

/**
 * Why an attempt was cut short, for a reason that is not its own.
 *
 * @param cause The entry that the end names as its cause, if it was read.
 */
export function interruptionText(reason: InterruptionReason, cause?: JobEventLogEntry): string {
  switch (reason) {
    case "crash":
      return processEndText(cause);
    case "takeover":
      return `another process${writerText(cause)} took over the journal`;
    case "shutdown":
      return "the process stopped";
    case "cancelled":
      return "the job was over";
    case "withdrawn":
      return "it was withdrawn: no worker was free, or the job was suspended";
    case "paused":
      return "a pause came to hold the job";
    default:
      return assertNever(reason, "reason of an interruption");
  }
}

/** With the reason that the process left in a note, if it could. */
function processEndText(cause: JobEventLogEntry | undefined): string {
  const ended = isOfType(cause, "journal.Recovered") ? cause.attributes.ended : undefined;
  if (ended === undefined) return "the process had ended without an orderly stop";
  if (ended.reason === "blocked") {
    return "the process was ended after its event loop had been blocked for " +
      `${durationText(ended.blockedMs)} while ${ranText(ended.open, ended.last)}`;
  }
  const { attempt, exitCode } = ended;
  const whose = attempt === undefined
    ? "code outside of tasks"
    : `${taskText(attempt.taskId)} of job ${attempt.jobId}`;
  return `${whose} ended the process with exit code ${exitCode}`;
}

/** What held up the event loop, if no attempt is named. */
export const NONE_OPEN = "no attempt was open, so a request called what did not yield";

/** `job a in task render, which began last, and 2 others ran`. */
function ranText(open: readonly OpenAttempt[], last: OpenAttempt | undefined): string {
  const [lastName] = last === undefined ? [] : openNames([last]);
  const others = openNames(open).filter((name) => name !== lastName);
  const [first, ...rest] = lastName === undefined ? others : [lastName, ...others];
  if (first === undefined) return NONE_OPEN;
  if (rest.length === 0) return `${first} ran`;
  const which = lastName === undefined ? "" : ", which began last,";
  return `${first}${which} and ${rest.length === 1 ? rest[0] : `${rest.length} others`} ran`;
}

/** `job a in task render`; `run` is left out for a job in a step, since it waits for that. */
export function openNames(open: readonly OpenAttempt[]): readonly string[] {
  const steps = open.filter(({ taskId }) => taskId !== MAIN_TASK);
  const busy = new Set(steps.map(({ jobId }) => jobId));
  const runs = open.filter(({ jobId }) => !busy.has(jobId));
  return [...steps, ...runs].map(({ jobId, taskId }) => `job ${jobId} in ${taskText(taskId)}`);
}

/** `, wri_01J... at http://10.0.0.2:8000,`, or nothing if the cause was not read. */
function writerText(cause: JobEventLogEntry | undefined): string {
  if (!isOfType(cause, "journal.WriterOpened")) return "";
  const { writer, url } = cause.attributes;
  return `, ${oneLine(writer)} at ${oneLine(url)},`;
}

/** `3 of 10 (rows)`. */
export function progressText(
  { done, total, note }: {
    readonly done: number;
    readonly total?: number | undefined;
    readonly note?: string | undefined;
  },
): string {
  const count = total === undefined ? countText(done) : countOf(done, total);
  return note === undefined ? count : `${count} (${oneLine(note)})`;
}

/** The reason of a cancellation, which is the message of the failure; empty without one. */
export function cancelReason({ error }: Failure): string {
  return error.message === "cancelled by an operator" ? "" : reasonText(error.message);
}

/** ` (reason: the customer asked)`, or nothing. */
export function reasonText(reason: string | undefined): string {
  return reason === undefined || reason.trim() === "" ? "" : ` (reason: ${oneLine(reason)})`;
}

/** ` by on-call`, when the token of the request had a name. */
export function actorText({ actor }: { readonly actor?: string }): string {
  return actor === undefined ? "" : ` by ${shownText(actor)}`;
}

/** `task charge`, or `run` for the root task. */
export function taskText(taskId: string): string {
  return taskId === "main" ? "run" : `task ${taskId}`;
}

/** Shortens long lists: `a, b, c and 7 more`. */
export function shortened(parts: readonly string[], max: number): string {
  return parts.length <= max
    ? listed(parts)
    : `${parts.slice(0, max).join(", ")} and ${parts.length - max} more`;
}

/** The text as the beginning of a sentence. The name `run` stays as it is in code. */
export function capital(text: string): string {
  return text === "run" ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** The text within a sentence. */
export function uncapital(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The latest of several entries that say the same. */
export function latest(logIds: readonly LogId[]): readonly LogId[] {
  return logIds.slice(-CITED_MAX);
}

/** The same for those before the last. */
export function before(logIds: readonly LogId[]): readonly LogId[] {
  return logIds.slice(-CITED_MAX - 1, -1);
}

/** A time this many milliseconds after another. Reads no clock: both are text of the journal. */
export function later(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}

/** What keeps a shared journal from recording anything. */
export function silenceText(since: string): string {
  return `the database of the journal has not answered since ${since}`;
}

/**
 * `has been Done since ...`, `failed at ... (Error: no stock)`, `is backing off after Error: 503`,
 * `is waiting for "paid" (shop.Paid)`, `is sleeping until ...`.
 */
export function becameText(job: JobState): string {
  if (job.state === "Done") return `has been Done since ${job.endedAt}`;
  const condition = deriveCondition(job);
  if (job.state === "Failed") {
    return condition === "failed"
      ? `failed at ${job.endedAt} (${errorText(job.failure.error)})`
      : `was cancelled at ${job.endedAt}${cancelReason(job.failure)}`;
  }
  return `is ${conditionText(condition)}${restingText(job, condition)}`;
}

/** How many expectations of another job are named. */
const EXPECTATIONS_MAX = 2;

/** What another job waits for, as far as its own state tells. */
function restingText(job: JobState, condition: Condition): string {
  switch (condition) {
    case "backingOff": {
      const failing = backingOff(job);
      return failing === undefined ? "" : ` after ${errorText(failing.error)}`;
    }
    case "sleeping": {
      const due = job.tasks.flatMap((task) => task.status === "sleeping" ? task.dueAt : []);
      return due.length === 1 ? ` until ${due[0]}` : "";
    }
    case "waiting": {
      const open = openExpectations(job).map(({ expected: { id, matcher } }) =>
        `"${id}" (${matcher.eventType})`
      );
      return open.length === 0 ? "" : ` for ${shortened(open, EXPECTATIONS_MAX)}`;
    }
    default:
      return "";
  }
}

/** The entry since which it is what it is. */
export function becameBy(job: JobState): LogId {
  if (job.state === "Done") return job.endedBy;
  return job.state === "Failed" ? job.failure.because : backingOff(job)?.lastLogId ?? job.lastLogId;
}

function backingOff({ tasks }: JobState): BackingOffTask | undefined {
  return tasks.find((task): task is BackingOffTask => task.status === "backingOff");
}
