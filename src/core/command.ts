/** Commands: what jobs are told to do, with all that a pure decision on them needs. */

import type { JobEventDraft } from "./event.ts";
import type { JobCreatedAttributes } from "./framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "./ids.ts";
import type { Origin } from "./origin.ts";
import type { TraceIds } from "./trace_ids.ts";

export interface CreateCommand {
  readonly kind: "create";
  readonly jobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Whether it starts in the same batch. */
  readonly start: boolean;
}

interface ControlCommand {
  readonly kind: "start" | "suspend" | "resume" | "wake";
  readonly reason?: string;
}

interface CancelCommand {
  readonly kind: "cancel";
  readonly reason?: string;
  /** Of a parked job: undoes nothing. */
  readonly leave?: boolean;
}

export interface RetryCommand {
  readonly kind: "retry";
  readonly newJobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Reuse only what was completed before this task first started. */
  readonly from?: TaskId;
  readonly reason?: string;
  /** Events that counted for the old job, correlated to the new one. */
  readonly facts: readonly JobEventDraft[];
}

export interface AttemptRequest {
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  /** Absent for `main`. */
  readonly maxAttempts?: number;
  /** In milliseconds; absent is no limit. */
  readonly timeoutMs?: number;
  readonly compensable: boolean;
  readonly trace?: TraceIds | undefined;
}

export interface StartAttemptsCommand {
  readonly kind: "startAttempts";
  readonly attempts: readonly AttemptRequest[];
}

export interface StartCompensationCommand {
  readonly kind: "startCompensation";
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  /** Absent when nothing is known of the task's code any more. */
  readonly maxAttempts?: number;
}

/** What ends at a time: a sleep, a wait of `run`, or an expectation's deadline in the plan. */
export type Timer =
  | { readonly taskId: TaskId }
  | { readonly expectation: string; readonly wait?: number };

/** The time of something has come. */
export interface ElapseCommand {
  readonly kind: "elapse";
  readonly timer: Timer;
}

/** Where a command comes from; recorded with what follows, and without influence on it. */
interface Traced {
  readonly origin?: Origin | undefined;
}

export type Command =
  & Traced
  & (
    | CreateCommand
    | ControlCommand
    | CancelCommand
    | RetryCommand
    | StartAttemptsCommand
    | StartCompensationCommand
    | ElapseCommand
  );
