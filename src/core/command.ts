/** Commands on jobs, with everything that a pure decision on them needs. */

import type { JobEventDraft } from "./event.ts";
import type { JobCreatedAttributes } from "./framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "./ids.ts";
import type { Origin } from "./origin.ts";
import type { TraceIds } from "./trace_ids.ts";

export interface CreateCommand {
  readonly kind: "create";
  readonly jobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Whether the job also starts, in the same batch. */
  readonly start: boolean;
}

interface ControlCommand {
  readonly kind: "start" | "suspend" | "resume" | "wake";
  readonly reason?: string;
}

interface CancelCommand {
  readonly kind: "cancel";
  readonly reason?: string;
  /** Only for a parked job: undo nothing. */
  readonly leave?: boolean;
}

export interface RetryCommand {
  readonly kind: "retry";
  readonly newJobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Reuse only what completed before this task first started. */
  readonly from?: TaskId;
  readonly reason?: string;
  /** Events that counted for the old job and now correlate with the new one. */
  readonly facts: readonly JobEventDraft[];
}

interface AttemptRequest {
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  /** Absent for `main`. */
  readonly maxAttempts?: number;
  /** In milliseconds; absent means no limit. */
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
  /** Absent when the code of the task is unknown. */
  readonly maxAttempts?: number;
}

/** Something with a due time: a sleep, a timed wait of `run`, or a deadline of the plan. */
export type Timer =
  | { readonly taskId: TaskId }
  | { readonly expectation: string; readonly wait?: number };

export interface ElapseCommand {
  readonly kind: "elapse";
  readonly timer: Timer;
}

/** The origin of a command. It is recorded with the events, and does not influence them. */
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
