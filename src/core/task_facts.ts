/** The part of the projector about tasks; pure. */

import { assertNever } from "./assert_never.ts";
import type {
  FrameworkEntry,
  JobEntry,
  JobEventLogEntry,
  JournalEntry,
  TaskEntry,
} from "./event.ts";
import type { InterruptionReason } from "./framework_events.ts";
import type { TaskId } from "./ids.ts";
import {
  type Compensation,
  compensationOf,
  type CompletedTask,
  type SleepingTask,
  type TaskState,
} from "./job_state.ts";

/** The tasks after a framework entry; the same array when it is not about a task. */
export function noteTask(
  tasks: readonly TaskState[],
  entry: JobEntry | JournalEntry,
): readonly TaskState[] {
  if (entry.eventType === "job.JobWoken") return tasks.map((task) => woken(task, entry));
  const index = taskIndex(tasks, entry.taskId);
  const before = tasks[index];
  const after = noteOne(before, entry);
  if (after === undefined || after === before) return tasks;
  return before === undefined ? [...tasks, after] : tasks.with(index, after);
}

/** The tasks of a job that ends with this entry: open tasks are abandoned. */
export function abandonOpenTasks(
  tasks: readonly TaskState[],
  { logId, receivedAt }: JobEventLogEntry,
): readonly TaskState[] {
  if (tasks.every(hasEnded)) return tasks;
  return tasks.map((task) =>
    hasEnded(task)
      ? task
      : { ...factsOf(task), status: "abandoned", endedAt: receivedAt, lastLogId: logId }
  );
}

/** Makes a task that backs off due now. */
function woken(task: TaskState, { logId, receivedAt }: JobEventLogEntry): TaskState {
  if (task.status === "backingOff") return { ...task, retryAt: receivedAt, lastLogId: logId };
  if (task.status !== "completed" || task.compensation?.status !== "backingOff") return task;
  const compensation = { ...task.compensation, retryAt: receivedAt };
  return { ...task, compensation, lastLogId: logId };
}

export function sleeping(tasks: readonly TaskState[]): readonly SleepingTask[] {
  return tasks.filter((task) => task.status === "sleeping");
}

export function backsOff(tasks: readonly TaskState[]): boolean {
  return tasks.some((task) =>
    task.status === "backingOff" || compensationOf(task)?.status === "backingOff"
  );
}

function hasEnded({ status }: TaskState): boolean {
  return status === "completed" || status === "failed" || status === "abandoned";
}

/** Searches from the end, since most entries concern the latest tasks; -1 if there is none. */
function taskIndex(tasks: readonly TaskState[], taskId: TaskId | undefined): number {
  if (taskId === undefined) return -1;
  let index = tasks.length - 1;
  while (index >= 0 && tasks[index]?.taskId !== taskId) index--;
  return index;
}

function noteOne(
  task: TaskState | undefined,
  entry: JobEntry | JournalEntry,
): TaskState | undefined {
  switch (entry.eventType) {
    case "job.TaskStarted":
      return started(task, entry);
    case "job.TaskWaiting":
      return task?.status === "completed" ? task : task && {
        ...factsOf(task),
        status: "waiting",
        interruptions: 0,
        expectations: entry.attributes.expectations,
        seen: entry.attributes.seen ?? entry.logId,
        lastLogId: entry.logId,
      };
    case "job.TimerSet":
      // Without a task, it is of a wait.
      return task !== undefined || entry.taskId === undefined ? task : {
        ...firstFacts(entry),
        status: "sleeping",
        dueAt: entry.attributes.dueAt,
        lastLogId: entry.logId,
      };
    case "job.TimerElapsed":
      return elapsed(task, entry);
    case "job.TaskCompleted":
      return completed(task, entry);
    case "job.TaskFailed":
      return task && attemptFailed(task, entry);
    case "job.TaskInterrupted":
      return task && interrupted(task, entry);
    case "job.TaskProgressed":
      return task && { ...task, progress: entry.attributes, lastLogId: entry.logId };
    case "job.CompensationStarted":
    case "job.TaskCompensated":
    case "job.TaskCompensationFailed":
      return task?.status === "completed" ? compensated(task, entry) : task;
    case "job.JobCreated":
    case "job.JobStarted":
    case "job.JobSuspended":
    case "job.JobResumed":
    case "job.JobWoken":
    case "job.JobParked":
    case "job.JobCancelled":
    case "job.JobRetried":
    case "job.EventCorrelated":
    case "job.DeadlinePassed":
    case "job.CompensationEnded":
    case "job.RecoveryRequired":
    case "job.InputRemoved":
    case "job.PauseBegan":
    case "job.PauseEnded":
    case "job.LimitsChanged":
    case "job.LimitsRestored":
    case "journal.SegmentOpened":
    case "journal.Sealed":
    case "journal.Recovered":
    case "journal.WriterOpened":
    case "journal.LoopBlocked":
    case "journal.ClockSet":
    case "journal.ErrorUncaught":
    case "journal.Imported":
    case "journal.EntryQuoted":
    case "journal.EventRefused":
    case "journal.Repaired":
      return task;
    default:
      return assertNever(entry, "framework entry");
  }
}

/** What a task keeps through a change of status. */
function factsOf(task: TaskState) {
  const { taskId, attempts, failures, interruptions, startedAt, firstLogId, compensable } = task;
  const facts = { taskId, attempts, failures, interruptions, startedAt, firstLogId, compensable };
  return task.progress === undefined ? facts : { ...facts, progress: task.progress };
}

function firstFacts(entry: TaskEntry) {
  return {
    taskId: entry.taskId as TaskState["taskId"],
    attempts: 0,
    failures: 0,
    interruptions: 0,
    startedAt: entry.receivedAt,
    firstLogId: entry.logId,
    compensable: false,
  };
}

function started(task: TaskState | undefined, entry: FrameworkEntry<"job.TaskStarted">): TaskState {
  if (task?.status === "completed") return task;
  const { attempt, compensable } = entry.attributes;
  if (task !== undefined) {
    return {
      ...factsOf(task),
      status: "running",
      attempts: attempt,
      compensable: compensable === true,
      lastLogId: entry.logId,
    };
  }
  return {
    taskId: entry.taskId as TaskId,
    attempts: attempt,
    failures: 0,
    interruptions: 0,
    startedAt: entry.receivedAt,
    firstLogId: entry.logId,
    compensable: compensable === true,
    status: "running",
    lastLogId: entry.logId,
  };
}

function completed(
  task: TaskState | undefined,
  entry: FrameworkEntry<"job.TaskCompleted">,
): TaskState {
  if (task?.status === "completed") return task;
  const { attempt, compensable, reusedFrom, result } = entry.attributes;
  if (task?.progress !== undefined || reusedFrom !== undefined || result === undefined) {
    return {
      ...(task === undefined ? firstFacts(entry) : factsOf(task)),
      status: "completed",
      attempts: attempt,
      interruptions: 0,
      compensable: compensable === true,
      endedAt: entry.receivedAt,
      completedBy: entry.logId,
      lastLogId: entry.logId,
      ...(reusedFrom === undefined ? {} : { reusedFrom }),
      ...(result === undefined ? {} : { result }),
    };
  }
  // The same result for most tasks, written out to avoid intermediate copies.
  return {
    taskId: task?.taskId ?? entry.taskId as TaskId,
    attempts: attempt,
    failures: task?.failures ?? 0,
    interruptions: 0,
    startedAt: task?.startedAt ?? entry.receivedAt,
    firstLogId: task?.firstLogId ?? entry.logId,
    compensable: compensable === true,
    status: "completed",
    endedAt: entry.receivedAt,
    completedBy: entry.logId,
    lastLogId: entry.logId,
    result,
  };
}

function elapsed(
  task: TaskState | undefined,
  entry: FrameworkEntry<"job.TimerElapsed">,
): TaskState | undefined {
  const { reusedFrom } = entry.attributes;
  const isNews = reusedFrom === undefined ? task?.status === "sleeping" : task === undefined;
  if (!isNews) return task;
  return {
    ...(task === undefined ? firstFacts(entry) : factsOf(task)),
    status: "completed",
    endedAt: entry.receivedAt,
    completedBy: entry.logId,
    lastLogId: entry.logId,
    ...(reusedFrom === undefined ? {} : { reusedFrom }),
  };
}

function attemptFailed(task: TaskState, entry: FrameworkEntry<"job.TaskFailed">): TaskState {
  if (task.status === "completed") return task;
  const { attributes, logId, receivedAt } = entry;
  const facts = {
    ...factsOf(task),
    failures: task.failures + 1,
    interruptions: 0,
    lastLogId: logId,
    error: attributes.error,
  };
  return "final" in attributes
    ? { ...facts, status: "failed", endedAt: receivedAt }
    : { ...facts, status: "backingOff", retryAt: attributes.retryAt };
}

function interrupted(task: TaskState, entry: FrameworkEntry<"job.TaskInterrupted">): TaskState {
  const interruptions = crashesAfter(task, entry.attributes.reason);
  if (entry.attributes.phase === "run") {
    return task.status === "completed" || task.status === "failed" ? task : {
      ...factsOf(task),
      status: "interrupted",
      interruptions,
      lastLogId: entry.logId,
    };
  }
  if (task.status !== "completed" || task.compensation?.status !== "running") return task;
  const { attempts, failures } = task.compensation;
  return {
    ...task,
    compensation: { status: "interrupted", attempts, failures },
    interruptions,
    lastLogId: entry.logId,
  };
}

/**
 * A clean stop ends the row of unclean ends. An attempt whose handler was not called does not
 * count.
 */
function crashesAfter({ interruptions }: TaskState, reason: InterruptionReason): number {
  switch (reason) {
    case "crash":
    case "takeover":
      return interruptions + 1;
    case "shutdown":
    case "cancelled":
      return 0;
    case "withdrawn":
    case "paused":
      return interruptions;
    default:
      return assertNever(reason, "reason of an interruption");
  }
}

/** Whether a failure now would leave effects of a task that can be compensated. */
export function hasSomethingToCompensate(tasks: readonly TaskState[]): boolean {
  return tasks.some((task) =>
    task.compensable &&
    (task.status === "running" ||
      (task.status === "completed" && task.compensation?.status !== "compensated"))
  );
}

type CompensationEntry = Extract<
  TaskEntry,
  { eventType: `job.Compensation${string}` | `job.TaskCompensat${string}` }
>;

function compensated(task: CompletedTask, entry: CompensationEntry): CompletedTask {
  if (task.compensation?.status === "compensated") return task;
  return {
    ...task,
    compensation: compensationAfter(task, entry),
    interruptions: entry.eventType === "job.CompensationStarted" ? task.interruptions : 0,
    lastLogId: entry.logId,
  };
}

function compensationAfter(task: CompletedTask, entry: CompensationEntry): Compensation {
  const { eventType, attributes } = entry;
  const attempts = attributes.attempt;
  const failures = task.compensation?.failures ?? 0;
  if (eventType === "job.CompensationStarted") return { status: "running", attempts, failures };
  if (eventType === "job.TaskCompensated") return { status: "compensated", attempts, failures };
  const counts = { attempts, failures: failures + 1 };
  const { error } = attributes;
  return "final" in attributes
    ? { status: "failed", ...counts, error }
    : { status: "backingOff", ...counts, retryAt: attributes.retryAt, error };
}
