/** What a fact of the framework says of a job that it does not move along the state table. */

import { assertNever } from "../core/assert_never.ts";
import type { FrameworkEntry, JobEntry, JournalEntry, TaskEntry } from "../core/event.ts";
import type { InterruptionReason, JobParkedAttributes } from "../core/framework_events.ts";
import {
  type CompensatingJob,
  type CompletedTask,
  findTask,
  type JobState,
  type Progress,
  type RunningJob,
} from "../core/job_state.ts";
import { attemptText, errorFactText } from "./why_error.ts";

type OpenJob = RunningJob | CompensatingJob;

/** @param after The job after the entry, which tells whether a fact about a task took effect. */
export function frameworkText(
  before: OpenJob,
  after: JobState,
  entry: JobEntry | JournalEntry,
): string {
  switch (entry.eventType) {
    case "job.TaskStarted":
    case "job.TaskWaiting":
    case "job.TaskCompleted":
    case "job.TaskFailed":
    case "job.TaskInterrupted":
    case "job.TaskProgressed":
    case "job.CompensationStarted":
    case "job.TaskCompensated":
    case "job.TaskCompensationFailed":
      return taskText(before, after, entry);
    case "job.JobCreated":
      return "The job exists: a second creation changes nothing.";
    case "job.JobStarted":
      return "The job has started: a second start changes nothing.";
    case "job.JobSuspended":
    case "job.JobResumed":
      return heldText(before, entry);
    case "job.JobWoken":
      return after.tasks === before.tasks
        ? "Nothing of the job backs off: waking it changes nothing."
        : "What backs off is due at once.";
    case "job.JobParked":
      return parkedText(before, entry.attributes);
    case "job.JobCancelled":
      return before.state === "Compensating"
        ? "The job compensates already, and a cancellation does not stop that."
        : "The job is cancelled.";
    case "job.JobRetried":
      return `${entry.attributes.newJobId} was made to retry this job.`;
    case "job.EventCorrelated":
      return `An event of type ${entry.attributes.eventType} reached the job.`;
    case "job.CompensationEnded":
      return "No compensation is under way: its end changes nothing.";
    case "job.RecoveryRequired":
      return recoveryText(before, entry);
    case "job.InputRemoved":
      return "The input of the job was removed, which changes no state.";
    case "job.PauseBegan":
    case "job.PauseEnded":
      return "A fact about all jobs, and part of no job's history.";
    case "journal.SegmentOpened":
    case "journal.Sealed":
    case "journal.Recovered":
    case "journal.Imported":
    case "journal.EntryQuoted":
    case "journal.EventRefused":
    case "journal.Repaired":
      return "A fact about the journal, and not about jobs.";
    default:
      return assertNever(entry, "framework entry");
  }
}

function parkedText({ parked }: OpenJob, { reason, message }: JobParkedAttributes): string {
  const before = parked === undefined ? "" : `, as it was before, by entry ${parked.by}`;
  return `The engine parks the job (${reason})${before}: ${message}. Nothing of it begins, and ` +
    "nothing is undone, until it is resumed or given up.";
}

function heldText(
  { suspendedBy, parked }: OpenJob,
  { eventType, attributes }: FrameworkEntry<"job.JobSuspended" | "job.JobResumed">,
): string {
  if ("of" in attributes && attributes.of === "parked") {
    return parked === undefined
      ? "The job was not parked: this changes nothing."
      : `The job is no longer parked, as it was since entry ${parked.by}.`;
  }
  if (eventType === "job.JobSuspended") {
    return suspendedBy === undefined
      ? "The job is suspended: no attempt begins until it is resumed."
      : `The job was suspended before, by entry ${suspendedBy}, and stays so.`;
  }
  return suspendedBy === undefined
    ? "The job was not suspended: resuming it changes nothing."
    : `The job goes on: entry ${suspendedBy} had suspended it.`;
}

function recoveryText(
  { state }: OpenJob,
  { attributes }: FrameworkEntry<"job.RecoveryRequired">,
): string {
  return state === "Compensating"
    ? `An operator must look: ${attributes.tasks.join(", ")} could not be undone.`
    : "No compensation is under way, so nothing is left to recover.";
}

function taskText(before: OpenJob, after: JobState, entry: TaskEntry): string {
  return after.tasks === before.tasks
    ? `${ineffectiveText(before, entry)}: this changes nothing.`
    : `A fact about task ${entry.taskId}: ${taskFactText(before, entry)}.`;
}

function taskFactText(before: OpenJob, entry: TaskEntry): string {
  switch (entry.eventType) {
    case "job.TaskStarted":
      return `attempt ${entry.attributes.attempt} began`;
    case "job.TaskWaiting":
      return waitingText(entry.attributes.expectations);
    case "job.TaskCompleted":
      return entry.attributes.reusedFrom === undefined
        ? `attempt ${entry.attributes.attempt} completed`
        : `its result is that of entry ${entry.attributes.reusedFrom}, so it need not run again`;
    case "job.TaskFailed":
      return failedAttemptText(before, entry);
    case "job.TaskInterrupted":
      return interruptedText(entry);
    case "job.TaskProgressed":
      return progressText(entry.attributes);
    case "job.CompensationStarted":
      return `attempt ${entry.attributes.attempt} to undo it began`;
    case "job.TaskCompensated":
      return `attempt ${entry.attributes.attempt} to undo it completed`;
    case "job.TaskCompensationFailed":
      return failedAttemptText(before, entry);
    default:
      return assertNever(entry, "task entry");
  }
}

function waitingText(expectations: readonly string[]): string {
  return `it waits for ${expectations.map((id) => `"${id}"`).join(", ") || "its tasks"}`;
}

function failedAttemptText(
  before: OpenJob,
  entry: FrameworkEntry<"job.TaskFailed" | "job.TaskCompensationFailed">,
): string {
  const { attributes } = entry;
  const next = "final" in attributes
    ? "no other follows"
    : `the next is due at ${attributes.retryAt}`;
  const purpose = entry.eventType === "job.TaskFailed" ? "" : " to undo it";
  const subject = attemptText(before, entry) + purpose;
  return `${subject} failed (${errorFactText(attributes.error)}), and ${next}`;
}

function interruptedText({ attributes }: FrameworkEntry<"job.TaskInterrupted">): string {
  const { attempt, phase, reason } = attributes;
  const purpose = phase === "compensation" ? " to undo it" : "";
  return `attempt ${attempt}${purpose} was cut short by ${interruptionText(reason)}`;
}

function interruptionText(reason: InterruptionReason): string {
  switch (reason) {
    case "crash":
      return "a crash of Daybook";
    case "shutdown":
      return "a stop of Daybook";
    case "cancelled":
      return "a cancellation";
    case "withdrawn":
      return "its withdrawal, for want of a worker or since the job was suspended";
    default:
      return assertNever(reason, "reason of an interruption");
  }
}

function progressText({ done, total, note }: Progress): string {
  const count = total === undefined ? `${done} done` : `${done} of ${total} done`;
  return note === undefined ? count : `${count} (${note})`;
}

/** Why a fact about a task, in the state that it is in, says nothing new. */
function ineffectiveText(job: OpenJob, entry: TaskEntry): string {
  const { taskId } = entry;
  const task = taskId === undefined ? undefined : findTask(job, taskId);
  if (task === undefined) return `Task ${taskId} has not begun`;
  switch (task.status) {
    case "running":
    case "waiting":
    case "backingOff":
    case "interrupted":
      return `Task ${taskId} has not completed, so there is nothing of it to undo`;
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
