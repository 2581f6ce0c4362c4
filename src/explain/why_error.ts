/** Why an entry fails its job or ends a compensation. */

import { assertNever } from "../core/assert_never.ts";
import { errorText } from "../core/error_text.ts";
import { type FrameworkEntry, isFromOutside, type JobEventLogEntry } from "../core/event.ts";
import type { FailureKind } from "../core/framework_events.ts";
import { type CompensatedOutcome, matcherAccepts } from "../core/job_plan.ts";
import {
  type CompensatingJob,
  findTask,
  type RunningJob,
  type TaskState,
} from "../core/job_state.ts";
import { type Step, toMatchable } from "../core/projector.ts";
import { oneLine } from "../core/shown_value.ts";
import { attemptText } from "./phrases.ts";
import { clausesText, COORDINATION_TEXT, nearestMismatches } from "./why_match.ts";

const LINE_LENGTH_MAX = 200;

/** On one line, cut if long, without a full stop. */
export function firstLine(text: string): string {
  const line = oneLine(text.split("\n", 1)[0] ?? "").replace(/\.+$/, "");
  return line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line;
}

/** Which error event it is, and what happens to the job. */
export function errorEventText(before: RunningJob, entry: JobEventLogEntry, step: Step): string {
  return `${causeText(before, entry)} ${consequenceText(before, step)}`;
}

function causeText(before: RunningJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "framework" && entry.eventType === "job.JobCancelled") {
    const { reason } = entry.attributes;
    return `The job is cancelled${reason === undefined ? "" : `: ${firstLine(reason)}`}.`;
  }
  if (entry.stratum === "framework" && entry.eventType === "job.TaskFailed") {
    return finalFailureText(before, entry);
  }
  return `The policy names ${toMatchable(entry).eventType} an error.`;
}

function finalFailureText(before: RunningJob, entry: FrameworkEntry<"job.TaskFailed">): string {
  const { taskId, attributes } = entry;
  const why = "final" in attributes
    ? ` (${failedAttempt(before, entry)}${failureKindText(attributes.kind)})`
    : "";
  return `Task ${taskId} failed for good${why}: ${
    errorText(attributes.error).replace(/\.+$/, "")
  }.`;
}

/** Which attempt failed. */
export function failedAttempt(
  before: RunningJob | CompensatingJob,
  { taskId, eventType, attributes }: FrameworkEntry<
    "job.TaskFailed" | "job.TaskCompensationFailed"
  >,
): string {
  const task = taskId === undefined ? undefined : findTask(before, taskId);
  const failures = eventType === "job.TaskFailed"
    ? task?.failures
    : compensationState(task)?.failures;
  return attemptText(attributes.attempt, failures ?? 0, attributes.maxAttempts);
}

function compensationState(task: TaskState | undefined) {
  return task?.status === "completed" ? task.compensation : undefined;
}

function failureKindText(kind: FailureKind): string {
  switch (kind) {
    case "deadLetter":
      return ", and no more are left";
    case "poison":
      return ", and trying again cannot help";
    case "error":
    case "cancelled":
      return "";
    default:
      return assertNever(kind, "kind of failure");
  }
}

function consequenceText({ plan }: RunningJob, { rule }: Step): string {
  if (rule === "running/left-in-place") return "What it did is left in place: the job fails.";
  if (rule === "running/error-failed") return "There is nothing to compensate: the job fails.";
  const { compensation } = plan.policy;
  return compensation === undefined
    ? "What it did and knows how to undo is undone first: the job compensates."
    : `The policy has a compensation: the job compensates, until ${compensation.succeeded.eventType} ` +
      `or ${compensation.failed.eventType} comes.`;
}

/** What ended the compensation, and how the job ends with it. */
export function compensationEndText(
  before: CompensatingJob,
  entry: JobEventLogEntry,
  step: Step,
): string {
  if (isFailedEnd(before, entry, step)) {
    return `${failedEndText(entry)}: the job fails, and an operator must look.`;
  }
  return `${succeededEndText(entry)}: the policy ends the job as ${compensatedOutcome(step)}.`;
}

function compensatedOutcome({ rule }: Step): CompensatedOutcome {
  return rule === "compensating/done" ? "Done" : "Failed";
}

function isFailedEnd(before: CompensatingJob, entry: JobEventLogEntry, step: Step): boolean {
  if (step.rule === "compensating/done") return false;
  if (entry.stratum === "framework" && entry.eventType === "job.CompensationEnded") {
    return entry.attributes.failed.length > 0;
  }
  const failed = before.plan.policy.compensation?.failed;
  return failed !== undefined && matcherAccepts(failed, toMatchable(entry));
}

function failedEndText(entry: JobEventLogEntry): string {
  if (entry.stratum === "framework" && entry.eventType === "job.CompensationEnded") {
    return `The compensation ended, and ${entry.attributes.failed.join(", ")} could not be undone`;
  }
  return `${toMatchable(entry).eventType} says that the compensation failed`;
}

function succeededEndText(entry: JobEventLogEntry): string {
  return entry.eventType === "job.CompensationEnded"
    ? "Every compensation succeeded"
    : `${toMatchable(entry).eventType} says that the compensation succeeded`;
}

/**
 * Why an entry does not end the compensation of a job. Empty for a framework fact that no matcher
 * of the policy is for.
 */
export function noCompensationEndText(before: CompensatingJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "coordination") return COORDINATION_TEXT;
  const { compensation } = before.plan.policy;
  const ends = compensation === undefined ? [] : [compensation.succeeded, compensation.failed];
  const failing = nearestMismatches(ends, toMatchable(entry));
  if (failing !== undefined) return `It does not end the compensation: ${clausesText(failing)}.`;
  return isFromOutside(entry)
    ? "The job compensates: only what ends the compensation moves it."
    : "";
}
