/** Why an attempt was cut short, and how a process ended without an orderly stop. */

import { assertNever } from "../../core/assert_never.ts";
import { durationText } from "../../core/duration.ts";
import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { InterruptionReason, OpenAttempt } from "../../core/framework_events.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import { oneLine } from "../../core/shown_value.ts";
import { taskText } from "./phrases.ts";

/**
 * Why an attempt was cut short, for a reason that is not its own.
 *
 * @param cause The entry that the end names as its cause, if it was read.
 */
export function interruptionText(reason: InterruptionReason, cause?: JobEventLogEntry): string {
  switch (reason) {
    case "crash":
      return disorderlyEndText(cause);
    case "takeover":
      return `another process${writerText(cause)} took over the journal`;
    case "shutdown":
      return "the process stopped";
    case "cancelled":
      return "the job was over";
    case "withdrawn":
      return "it was withdrawn: no worker was free, or the job was suspended";
    case "paused":
      return "a pause that holds the job began";
    default:
      return assertNever(reason, "reason of an interruption");
  }
}

/** With the reason that the process left in a note, if it could. */
function disorderlyEndText(cause: JobEventLogEntry | undefined): string {
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
export const NONE_OPEN =
  "no attempt was open, so code outside of attempts did not yield, such as " +
  "what a request called";

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
