/** Describes facts about an open job that do not move it along the state table, in sentences. */

import { assertNever } from "../../core/assert_never.ts";
import { errorText } from "../../core/error_text.ts";
import type { FrameworkEntry, TaskEntry } from "../../core/event.ts";
import type { JobParkedAttributes } from "../../core/framework_events.ts";
import {
  type CompensatingJob,
  compensationOf,
  type CompletedTask,
  findTask,
  type JobState,
  type RunningJob,
} from "../../core/job_state.ts";
import { attemptText } from "./phrases.ts";

type OpenJob = RunningJob | CompensatingJob;

export interface Change {
  readonly before: OpenJob;
  readonly after: JobState;
}

export function parkedText({ parked }: OpenJob, { reason, message }: JobParkedAttributes): string {
  const before = parked === undefined ? "" : `, which entry ${parked.by} had already parked`;
  return `The engine parks the job (${reason})${before}: ${message}. No attempt starts, and ` +
    "nothing is undone, until it is resumed or given up.";
}

export function suspensionText(
  { suspendedBy, parked }: OpenJob,
  { eventType, attributes }: FrameworkEntry<"job.JobSuspended" | "job.JobResumed">,
): string {
  if ("of" in attributes && attributes.of === "parked") {
    return parked === undefined
      ? "The job was not parked: this changes nothing."
      : `The job is no longer parked: entry ${parked.by} had parked it.`;
  }
  if (eventType === "job.JobSuspended") {
    return suspendedBy === undefined
      ? "The job is suspended: no attempt begins until it is resumed."
      : `Entry ${suspendedBy} had already suspended the job: this changes nothing.`;
  }
  return suspendedBy === undefined
    ? "The job was not suspended: resuming it changes nothing."
    : `The job continues: entry ${suspendedBy} had suspended it.`;
}

export function recoveryText(
  { state }: OpenJob,
  { attributes }: FrameworkEntry<"job.RecoveryRequired">,
): string {
  return state === "Compensating"
    ? `An operator must intervene: ${attributes.tasks.join(", ")} could not be undone.`
    : "No compensation is under way, so nothing is left to recover.";
}

/** A fact about a task, or why it has no effect. */
export function taskFact<Entry extends TaskEntry>(
  text: (entry: Entry, before: OpenJob) => string,
): (entry: Entry, change: Change) => string {
  return (entry, { before, after }) =>
    after.tasks === before.tasks
      ? `${ineffectiveText(before, entry)}: this changes nothing.`
      : `A fact about task ${entry.taskId}: ${text(entry, before)}.`;
}

export function failedAttemptText(
  entry: FrameworkEntry<"job.TaskFailed" | "job.TaskCompensationFailed">,
  before: OpenJob,
): string {
  const { attributes, eventType } = entry;
  const next = "final" in attributes
    ? "no other follows"
    : `the next is due at ${attributes.retryAt}`;
  const purpose = undoingText(eventType === "job.TaskFailed" ? "run" : "compensation");
  const subject = failedAttempt(before, entry) + purpose;
  return `${subject} failed (${errorText(attributes.error)}), and ${next}`;
}

export function undoingText(phase: "run" | "compensation"): string {
  return phase === "compensation" ? " to undo it" : "";
}

/** Why a fact about a task, in its state, has no effect. */
function ineffectiveText(job: OpenJob, entry: TaskEntry): string {
  const { taskId } = entry;
  const task = taskId === undefined ? undefined : findTask(job, taskId);
  if (task === undefined) return `Task ${taskId} has not begun`;
  switch (task.status) {
    case "running":
    case "waiting":
    case "backingOff":
    case "sleeping":
    case "interrupted":
      return `Task ${taskId} has not completed, so there is nothing to undo`;
    case "failed":
      return `Task ${taskId} has failed`;
    case "abandoned":
      return `Task ${taskId} was abandoned`;
    case "completed":
      return settledText(task, entry);
    default:
      return assertNever(task, "task");
  }
}

function settledText(task: CompletedTask, entry: TaskEntry): string {
  const { taskId, compensation } = task;
  const aboutUndoing = entry.eventType === "job.TaskInterrupted"
    ? entry.attributes.phase === "compensation"
    : entry.eventType.includes("Compensat");
  if (!aboutUndoing) return `Task ${taskId} has completed`;
  return compensation?.status === "compensated"
    ? `Task ${taskId} was undone`
    : `Nothing is undoing task ${taskId} right now`;
}

export function failedAttempt(
  before: RunningJob | CompensatingJob,
  { taskId, eventType, attributes }: FrameworkEntry<
    "job.TaskFailed" | "job.TaskCompensationFailed"
  >,
): string {
  const task = taskId === undefined ? undefined : findTask(before, taskId);
  const failures = eventType === "job.TaskFailed" ? task?.failures : compensationOf(task)?.failures;
  return attemptText(attributes.attempt, failures ?? 0, attributes.maxAttempts);
}
