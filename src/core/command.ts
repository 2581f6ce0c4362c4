/** Commands on jobs, with everything that a pure decision on them needs; and what it gives. */

import type { JobEventDraft } from "./event.ts";
import type {
  ControlAttributes,
  FrameworkAttributes,
  JobCreatedAttributes,
  JobEventType,
} from "./framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "./ids.ts";
import type { Origin, TraceIds } from "./trace_ids.ts";
import type { JobState, StateName } from "./job_state.ts";
import { present } from "./json.ts";

export interface CreateCommand {
  readonly kind: "create";
  readonly jobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Whether the job also starts, in the same batch. */
  readonly start: boolean;
}

interface ControlCommand extends ControlAttributes {
  readonly kind: "start" | "suspend" | "resume" | "wake";
}

interface CancelCommand extends ControlAttributes {
  readonly kind: "cancel";
  /** Only for a parked job: undo nothing, and name what is left in place. */
  readonly leave?: boolean;
}

export interface RetryCommand extends ControlAttributes {
  readonly kind: "retry";
  readonly newJobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** Reuse only what completed before this task first started. */
  readonly from?: TaskId;
}

interface AttemptRequest {
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  /** Absent for `main`. */
  readonly maxAttempts?: number | undefined;
  /** In milliseconds; absent means no limit. */
  readonly timeoutMs?: number | undefined;
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
  readonly maxAttempts?: number | undefined;
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
export interface Originated {
  readonly origin?: Origin | undefined;
}

export type Command =
  & Originated
  & (
    | CreateCommand
    | ControlCommand
    | CancelCommand
    | RetryCommand
    | StartAttemptsCommand
    | StartCompensationCommand
    | ElapseCommand
  );

/** Why a command was rejected. */
export interface Rejection {
  /** A sentence: action first, then the state. */
  readonly message: string;
  /** Other states in which the same command is accepted; empty when there is none. */
  readonly allowedIn: readonly StateName[];
  /** Continues the list of states: a further condition in them, or a case beyond them. */
  readonly proviso?: Proviso;
  /** For a retry: the job as which it was already retried. */
  readonly retriedAs?: JobId;
}

type Proviso = " while suspended or parked" | ", or while parked";

export type Decision =
  | { readonly accepted: true; readonly events: readonly JobEventDraft[] }
  | { readonly accepted: false; readonly rejection: Rejection };

export function accept(events: readonly JobEventDraft[]): Decision {
  return { accepted: true, events };
}

export function reject(
  message: string,
  allowedIn: readonly StateName[],
  proviso?: Proviso,
): Decision {
  return { accepted: false, rejection: { message, allowedIn, ...present({ proviso }) } };
}

export function rejectState(
  job: JobState,
  verb: string,
  allowedIn: readonly StateName[],
  proviso?: Proviso,
): Decision {
  return reject(`Cannot ${verb} job ${job.jobId}: state is ${job.state}`, allowedIn, proviso);
}

/** A fact about a job, before it is recorded. */
export function jobFact<Type extends JobEventType>(
  eventType: Type,
  jobId: JobId,
  attributes: FrameworkAttributes[Type],
) {
  return { stratum: "framework", eventType, jobId, attributes } as const;
}

/** The part of a command that is recorded with its effect. */
export function reasonOf({ reason }: ControlAttributes): ControlAttributes {
  return reason === undefined ? {} : { reason };
}
