/**
 * A job as its entries describe it. Only the projector creates values of these types. Each member
 * of a union holds just the data that exists in it. Times are text as recorded, and are never
 * compared: the order is that of `logId`.
 */

import type {
  ErrorFact,
  FailureKind,
  FrameworkAttributes,
  JobCreatedAttributes,
  JobParkedAttributes,
} from "./framework_events.ts";
import { type JobId, type LogId, MAIN_TASK, type TaskId } from "./ids.ts";
import type { JsonValue } from "./json.ts";

/** The most tasks that a job may have: its state and its answers hold each of them. */
export const TASKS_MAX = 10_000;
/** The most timed waits of `run` that a job may have. */
export const WAITS_MAX = 10_000;

export type Progress = FrameworkAttributes["job.TaskProgressed"];

export type Compensation =
  & { readonly attempts: number; readonly failures: number }
  & (
    | { readonly status: "running" | "interrupted" | "compensated" }
    | { readonly status: "backingOff"; readonly retryAt: string; readonly error: ErrorFact }
    | { readonly status: "failed"; readonly error: ErrorFact }
  );

interface TaskFacts {
  readonly taskId: TaskId;
  /**
   * The number of attempts that have begun, which is also the number of the latest. A sleep has
   * none.
   */
  readonly attempts: number;
  /** Failed attempts. Interrupted ones do not count. */
  readonly failures: number;
  /** Unclean ends of the process in a row while an attempt of the task was open. */
  readonly interruptions: number;
  readonly startedAt: string;
  /** The entry that first named this task. */
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly compensable: boolean;
  readonly progress?: Progress;
}

interface RunningTask extends TaskFacts {
  readonly status: "running";
}

/** Only for `main`: `run` waits for expectations, or sleeps, and holds no worker. */
export interface WaitingTask extends TaskFacts {
  readonly status: "waiting";
  readonly expectations: readonly string[];
  /** The last entry that `run` had an answer from when it began to wait. */
  readonly seen: LogId;
}

export interface BackingOffTask extends TaskFacts {
  readonly status: "backingOff";
  readonly retryAt: string;
  readonly error: ErrorFact;
}

export interface SleepingTask extends TaskFacts {
  readonly status: "sleeping";
  /** RFC 3339. */
  readonly dueAt: string;
}

interface InterruptedTask extends TaskFacts {
  readonly status: "interrupted";
}

interface AbandonedTask extends TaskFacts {
  readonly status: "abandoned";
  readonly endedAt: string;
}

export interface CompletedTask extends TaskFacts {
  readonly status: "completed";
  readonly endedAt: string;
  readonly completedBy: LogId;
  /** The entry of the retried job whose result this is: the task did not run here. */
  readonly reusedFrom?: LogId;
  readonly result?: JsonValue;
  readonly compensation?: Compensation;
}

interface FailedTask extends TaskFacts {
  readonly status: "failed";
  readonly endedAt: string;
  readonly error: ErrorFact;
}

export type TaskState =
  | RunningTask
  | WaitingTask
  | BackingOffTask
  | SleepingTask
  | InterruptedTask
  | AbandonedTask
  | CompletedTask
  | FailedTask;

/** The progress of one expectation, at its index in `plan.expected`. */
export interface ExpectationState {
  readonly matched: number;
  /** The entries that counted. */
  readonly by: readonly LogId[];
  readonly surplus: number;
  /** The `job.DeadlinePassed` that waived it: it counts as satisfied without all its matches. */
  readonly waived?: LogId;
}

/** A wait of `run` for an expectation, with a time limit. */
export interface TimedWait {
  readonly expectation: string;
  /** Its number among the waits of its expectation, from 1. */
  readonly wait: number;
  /** RFC 3339. */
  readonly dueAt: string;
  /**
   * How long `run` asked to wait, in milliseconds; absent in old journals, which did not record it.
   */
  readonly withinMs?: number;
  /** The entry that began it. */
  readonly setBy: LogId;
  /** The `job.DeadlinePassed` that ended it, unless an event came first. */
  readonly passedBy?: LogId;
  /** The entry of the retried job that ended it there. */
  readonly reusedFrom?: LogId;
}

export interface Failure {
  readonly kind: FailureKind;
  readonly taskId?: TaskId;
  readonly error: ErrorFact;
  /** A compensation failed: a person must act. */
  readonly recoveryRequired: boolean;
  /** The entry that failed the job. */
  readonly because: LogId;
  /** An operator ended the job without undoing its effects. */
  readonly leave?: true;
}

/** Why the engine holds a job. `by` is the `job.JobParked` entry in force. */
export interface Parking extends JobParkedAttributes {
  readonly by: LogId;
}

interface JobFacts extends JobCreatedAttributes {
  readonly jobId: JobId;
  readonly createdAt: string;
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly tasks: readonly TaskState[];
  readonly expected: readonly ExpectationState[];
  /** Absent until `run` has begun a timed wait. */
  readonly waits?: readonly TimedWait[];
  /** The `job.JobSuspended` entry in force. */
  readonly suspendedBy?: LogId;
  /** Only while the job is Running or Compensating; independent of a suspension. */
  readonly parked?: Parking;
}

export interface CreatedJob extends JobFacts {
  readonly state: "Created";
}

interface StartedFacts extends JobFacts {
  readonly startedAt: string;
  /** The `job.JobStarted` entry. The queue is first in, first out by it. */
  readonly startedBy: LogId;
}

export interface RunningJob extends StartedFacts {
  readonly state: "Running";
}

export interface CompensatingJob extends StartedFacts {
  readonly state: "Compensating";
  readonly failure: Failure;
}

export interface DoneJob extends StartedFacts {
  readonly state: "Done";
  readonly endedAt: string;
  readonly endedBy: LogId;
  /** Present when the job failed first and its policy accepts a compensated end. */
  readonly failure?: Failure;
}

export interface FailedJob extends StartedFacts {
  readonly state: "Failed";
  readonly endedAt: string;
  readonly endedBy: LogId;
  readonly failure: Failure;
}

export type JobState = CreatedJob | RunningJob | CompensatingJob | DoneJob | FailedJob;
export type StartedJob = Exclude<JobState, CreatedJob>;
export type StateName = JobState["state"];

/** A job without its tasks and timed waits, which are costly to copy. */
export type JobHead = WithoutSteps<JobState>;
type WithoutSteps<Job> = Job extends unknown ? Omit<Job, "tasks" | "waits"> : never;

export const STATE_NAMES: readonly StateName[] = [
  "Created",
  "Running",
  "Compensating",
  "Done",
  "Failed",
];

/** Whether the job has ended. */
export function isTerminal<Job extends JobHead>(
  job: Job,
): job is Extract<Job, { readonly state: "Done" | "Failed" }> {
  return job.state === "Done" || job.state === "Failed";
}

/** Whether the job must begin nothing: it is suspended or parked. */
export function isHeld({ suspendedBy, parked }: JobHead): boolean {
  return suspendedBy !== undefined || parked !== undefined;
}

/** Whether the job has a definition, or is only driven from outside. */
export function hasCode(job: JobHead): boolean {
  return job.definitionVersion !== undefined;
}

/** Whether `run` has been called, by the record. */
export function hasBegun(job: JobState): boolean {
  return findTask(job, MAIN_TASK) !== undefined;
}

/** Whether a step is a sleep, which has no code and no attempts. */
export function isSleep({ attempts }: TaskState): boolean {
  return attempts === 0;
}

/** Whether code of a task completed: neither `run` itself nor a sleep. */
export function isStep(task: TaskState): task is CompletedTask {
  return task.status === "completed" && task.taskId !== MAIN_TASK && !isSleep(task);
}

/** Whether the step was completed by a job that this one retries. */
export function isReused(task: TaskState): task is CompletedTask {
  return task.status === "completed" && task.reusedFrom !== undefined;
}

/** How the compensation of a task stands; `undefined` if none has begun. */
export function compensationOf(task: TaskState | undefined): Compensation | undefined {
  return task?.status === "completed" ? task.compensation : undefined;
}

/** The completed tasks that can be undone, whether or not they were. */
export function compensableTasks({ tasks }: Pick<JobState, "tasks">): readonly CompletedTask[] {
  return tasks.filter((task): task is CompletedTask =>
    task.status === "completed" && task.compensable
  );
}

/** The running tasks; `run` itself only when no other task runs. */
export function runningTasks({ tasks }: JobState): readonly TaskState[] {
  const running = tasks.filter(({ status }) => status === "running");
  const others = running.filter(({ taskId }) => taskId !== MAIN_TASK);
  return others.length > 0 ? others : running;
}

/** The step that failed the job because something took too long. */
export function timedOutTask(job: JobState): TaskId | undefined {
  if (job.state !== "Failed" || job.failure.error.name !== "TimeoutError") return undefined;
  return job.failure.taskId === MAIN_TASK ? undefined : job.failure.taskId;
}

export function findTask(job: JobState, taskId: TaskId): TaskState | undefined {
  for (const task of job.tasks) if (task.taskId === taskId) return task;
  return undefined;
}
