/**
 * The facts that the framework records. This table defines the types and the attributes of each.
 * The entry union, the schemas that read lines back and the projector are derived from it.
 */

import type { EventId, EventType, ExecutionId, JobId, LogId, TaskId } from "./ids.ts";
import type { JobPlan } from "./job_plan.ts";
import type { LimitValues } from "./place_limits.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { SealedInput } from "./sealed_input.ts";

/** What an event may have besides its type and attributes. */
export interface EventReferences {
  readonly jobId?: JobId;
  readonly taskId?: TaskId;
  /** For observability: recorded, without influence on state or matching. */
  readonly executionId?: ExecutionId;
  readonly traceId?: string;
  readonly spanId?: string;
  /** The name beside the token that caused it; for observability too. */
  readonly actor?: string;
  /** The entry that caused this one. */
  readonly causedBy?: LogId;
}

/** An error as recorded, with its causes: plain data, never the object that was thrown. */
export interface ErrorFact extends ErrorCause {
  /** The class of the error. */
  readonly name: string;
  /** The stack, if known. */
  readonly stack?: string;
}

/** An error that another error names as its cause. Whatever was thrown may have causes. */
export interface ErrorCause {
  /** The class of the error; absent if the cause is not an error and has no name. */
  readonly name?: string;
  /** The message; the JSON of an object without one. */
  readonly message: string;
  /** Its own `code`, such as `ECONNREFUSED` or `23505`. */
  readonly code?: string | number;
  /** What it names as its cause; a chain of causes has at most five. */
  readonly cause?: ErrorCause;
  /** The first three errors of an `AggregateError`, or of any other with a list of them. */
  readonly errors?: readonly ErrorCause[];
}

/**
 * Why a job failed. `error`: an error event of its policy, or `run` itself threw; `poison`: trying
 * again cannot help; `deadLetter`: attempts used up; `cancelled`.
 */
export type FailureKind = "error" | "poison" | "deadLetter" | "cancelled";

export interface ControlAttributes {
  readonly reason?: string;
}

/**
 * Why the engine holds a job. `diverged`: its `run` disagrees with the record. `noDefinition`: no
 * version that runs it is loaded. `crashed`: the process ended three times while its attempt was
 * open, the last time with that attempt alone.
 */
export type ParkReason = "diverged" | "noDefinition" | "crashed";

export interface JobParkedAttributes {
  readonly reason: ParkReason;
  /** The obstacle, as a clause. */
  readonly message: string;
  /** For `diverged`: the entry that `run` disagrees with. */
  readonly disagreesWith?: LogId;
}

export interface JobCreatedAttributes {
  /** Absent for a plan driven by outside events. */
  readonly type?: string;
  /** Present exactly when the job has code. */
  readonly definitionVersion?: number;
  readonly plan: JobPlan;
  /** Contains marks for secrets; absent when the whole input is sealed. */
  readonly input?: JsonValue;
  /** The whole input, when the journal must not hold it in clear. */
  readonly sealed?: SealedInput;
  /** Lower goes first. */
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339; the job then starts by itself. */
  readonly startAt?: string;
  readonly retryOf?: JobId;
  /** The key for the limits of the definition; keys of one priority take turns. */
  readonly key?: string;
  /** The key for the rate of the definition, if the rate has its own. */
  readonly rateKey?: string;
  /**
   * The caller's `Idempotency-Key`, and a digest of the request body. If the input is sealed, the
   * digest is keyed with the job's key.
   */
  readonly idempotency?: { readonly key: string; readonly digest: string };
}

/** A failed attempt, and whether it is retried. */
export type AttemptFailure =
  & {
    readonly attempt: number;
    readonly maxAttempts: number;
    readonly error: ErrorFact;
    /**
     * Only if its time limit ended it: how long it had run, in milliseconds of a clock that nobody
     * can set. Absent in older journals.
     */
    readonly timedOutMs?: number;
  }
  & ({ readonly retryAt: string } | { readonly final: true; readonly kind: FailureKind });

/**
 * Why an attempt was cut short, for a reason that is not its own. `crash`: the process ended
 * without a stop. `takeover`: another process has led the journal since. `withdrawn`: its start was
 * on record, but its handler was not called, since its job was suspended or had no worker.
 * `paused`: the same because of a pause.
 */
export type InterruptionReason =
  | "crash"
  | "takeover"
  | "shutdown"
  | "cancelled"
  | "withdrawn"
  | "paused";

/** Whether the process ended without a stop: the attempt may have caused that. */
export function isUncleanEnd(reason: InterruptionReason): reason is "crash" | "takeover" {
  return reason === "crash" || reason === "takeover";
}

/** Whether an attempt was cut short before its handler was called. */
export function isWithdrawal(reason: InterruptionReason): boolean {
  return reason === "withdrawn" || reason === "paused";
}

export interface EventCorrelatedAttributes {
  readonly eventId: EventId;
  readonly eventType: EventType;
  readonly occurredAt: string;
  readonly taskId?: TaskId;
  readonly attributes: JsonObject;
}

/** The journal that a history was exported from, and its head at the time. */
interface ImportOrigin {
  readonly logId: LogId;
  readonly chain: string;
}

/**
 * The jobs that a pause holds: those that match every member present. Without members, all jobs.
 */
export interface PauseScope {
  readonly type?: string;
  /** As `name:value`. */
  readonly label?: string;
  /** The job's key: `limits.key` of its definition. */
  readonly key?: string;
}

export interface PauseBeganAttributes extends PauseScope {
  readonly pauseId: string;
  readonly reason: string;
  /** RFC 3339; the pause then ends by itself. */
  readonly until?: string;
  /** For a pause by rule: the failed attempts that caused it. */
  readonly failures?: readonly LogId[];
}

/**
 * An entry of a job that is not in this journal. Its times and cause are those of the quotation.
 */
export interface QuotedAttributes extends Omit<EventReferences, "causedBy"> {
  readonly eventId: EventId;
  readonly stratum: "framework" | "domain" | "coordination";
  readonly eventType: string;
  readonly jobId: JobId;
  readonly attributes: JsonObject;
}

/** The content of a refused event; the entry about it belongs to no job. */
export interface RefusedAttributes extends Pick<EventReferences, "jobId" | "taskId"> {
  readonly eventId: EventId;
  readonly eventType: EventType;
  /** Absent for `domain`, and in older journals. */
  readonly stratum?: "coordination";
  readonly attributes: JsonObject;
  /** There was no job with its `jobId`. Absent: its id is on record with other content. */
  readonly reason?: "unknownJob";
}

/** An attempt that was open when something happened to the whole process. */
export interface OpenAttempt {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  /** Absent for `run` itself. */
  readonly attempt?: number;
}

/**
 * Where an uncaught error came from. `rejection`: a promise that nothing awaits. `callback`: a timer
 * or microtask. `reported`: an event listener, or `reportError`.
 */
export type UncaughtKind = "rejection" | "callback" | "reported";

/** The attempt whose code began what threw an error. It may have ended before that. */
export interface AttemptAtFault extends OpenAttempt {
  /** Absent for an attempt of the task itself. */
  readonly phase?: "compensation";
}

/**
 * Why a process had to end. `blocked`: the event loop did not turn for too long; one of the open
 * attempts, of which `open` has the first, may have caused it. `exited`: code of a job ended it.
 */
export type ProcessEnd =
  | {
    readonly reason: "blocked";
    readonly blockedMs: number;
    readonly open: readonly OpenAttempt[];
    /** The one of them that began last, if known. */
    readonly last?: OpenAttempt;
  }
  | {
    readonly reason: "exited";
    readonly exitCode: number;
    /** Absent for code outside of tasks. */
    readonly attempt?: OpenAttempt;
  };

export interface FrameworkAttributes {
  readonly "job.JobCreated": JobCreatedAttributes;
  readonly "job.JobStarted": ControlAttributes;
  readonly "job.JobSuspended": ControlAttributes;
  /** Ends the suspension or, with `of`, the parking. */
  readonly "job.JobResumed": ControlAttributes & { readonly of?: "parked" };
  /** The engine holds the job until a person, or other code, decides. */
  readonly "job.JobParked": JobParkedAttributes;
  /**
   * Retries tasks that back off now, and ends sleeps and timed waits of `run`; each has a fact of
   * its own.
   */
  readonly "job.JobWoken": ControlAttributes;
  /** With `leftInPlace` nothing is undone: these completed tasks stay as they are. */
  readonly "job.JobCancelled": ControlAttributes & { readonly leftInPlace?: readonly TaskId[] };
  /** Recorded on the old job; the new one names it in `retryOf`. */
  readonly "job.JobRetried": ControlAttributes & { readonly newJobId: JobId };
  /** An event without a job id reached this job; this entry counts in its place. */
  readonly "job.EventCorrelated": EventCorrelatedAttributes;
  readonly "job.TaskStarted": {
    readonly attempt: number;
    /** Absent for `main`, which is not retried. */
    readonly maxAttempts?: number;
    /** Time limit of the attempt in milliseconds; absent when there is none. */
    readonly timeoutMs?: number;
    readonly compensable?: true;
  };
  /** `run` waits for these expectations and holds no worker. */
  readonly "job.TaskWaiting": {
    readonly expectations: readonly string[];
    /** The last entry that `run` had an answer from; later ones are new to it. */
    readonly seen?: LogId;
  };
  /** `run` sleeps until then, in the step that the entry names, or waits for an expectation. */
  readonly "job.TimerSet": {
    /** RFC 3339. */
    readonly dueAt: string;
    /** Only for a wait. */
    readonly expectation?: string;
    /** The number of the wait among those of its expectation, from 1. */
    readonly wait?: number;
    /** How long `run` asked to wait, in milliseconds. */
    readonly withinMs?: number;
  };
  /**
   * An expectation was not met in time. With `wait`, that wait of `run` ends without an event.
   * Without it, a deadline of the plan passed, which fails the job or waives the expectation.
   * Either its time has come, or `causedBy` is the `job.JobWoken` that ended the wait.
   */
  readonly "job.DeadlinePassed": {
    readonly expectation: string;
    readonly wait?: number;
    /** The entry of the retried job that ended the wait there. */
    readonly reusedFrom?: LogId;
    /** With `reusedFrom`: how long `run` asked to wait there, in milliseconds. */
    readonly withinMs?: number;
  };
  /** The sleep has ended: at its time, or early by the `job.JobWoken` in `causedBy`. */
  readonly "job.TimerElapsed": {
    /** The entry of the retried job that ended the sleep there. */
    readonly reusedFrom?: LogId;
  };
  readonly "job.TaskCompleted": {
    readonly attempt: number;
    readonly result?: JsonValue;
    readonly compensable?: true;
    /** The entry of the retried job whose result this is. */
    readonly reusedFrom?: LogId;
    /** Domain events in the same batch. */
    readonly emitted?: readonly EventId[];
    /**
     * Of `main`, in a retry: expectations that the earlier job gave up on, and that this `run` did
     * not wait for with a time limit. They are not waived.
     */
    readonly notAwaited?: readonly string[];
  };
  readonly "job.TaskFailed": AttemptFailure;
  readonly "job.TaskInterrupted": {
    readonly attempt: number;
    readonly phase: "run" | "compensation";
    readonly reason: InterruptionReason;
  };
  readonly "job.TaskProgressed": {
    readonly done: number;
    readonly total?: number;
    readonly note?: string;
  };
  readonly "job.CompensationStarted": { readonly attempt: number; readonly maxAttempts?: number };
  readonly "job.TaskCompensated": { readonly attempt: number };
  readonly "job.TaskCompensationFailed": AttemptFailure;
  /** Every compensation has ended; `failed` names the tasks that could not be undone. */
  readonly "job.CompensationEnded": {
    readonly compensated: readonly TaskId[];
    readonly failed: readonly TaskId[];
  };
  readonly "job.RecoveryRequired": { readonly tasks: readonly TaskId[] };
  /** The key of the job's sealed input is being deleted: the input can no longer be read. */
  readonly "job.InputRemoved": { readonly reason: "retention" };
  /**
   * An event was refused because its id is on record with other content, or because it names a job
   * that does not exist; this is the refused content. `causedBy` is the entry that has the id.
   */
  readonly "journal.EventRefused": RefusedAttributes;
  /** The jobs in its scope begin nothing. Not part of any job's history. */
  readonly "job.PauseBegan": PauseBeganAttributes;
  readonly "job.PauseEnded": {
    readonly pauseId: string;
    /** The pause ended at its time. */
    readonly elapsed?: true;
  };
  /** Replaces all limits in the code of a type. It names no job. */
  readonly "job.LimitsChanged": {
    readonly type: string;
    readonly limits: LimitValues;
    readonly reason: string;
  };
  /** The limits in the code are in force again. */
  readonly "job.LimitsRestored": { readonly type: string } & ControlAttributes;
  readonly "journal.SegmentOpened": {
    readonly formatVersion: number;
    /** Absent in the first segment. */
    readonly previousChain?: string;
  };
  readonly "journal.Sealed": { readonly reason: "quiet" | "room" | "stop" };
  /** The journal was opened after a stop that was not clean. */
  readonly "journal.Recovered": {
    readonly segment: string;
    readonly bytesQuarantined: number;
    readonly quarantine?: string;
    /** How the process before ended, if it could leave a note. */
    readonly ended?: ProcessEnd;
  };
  /** A process leads a shared journal: from here on it alone appends. */
  readonly "journal.WriterOpened": {
    /** Identifies the process. */
    readonly writer: string;
    /** The address at which the others reach it. */
    readonly url: string;
  };
  /**
   * The event loop was blocked until now: no code ran, and nothing was recorded. One of the attempts
   * that were open, of which `open` has the first, may have caused it.
   */
  readonly "journal.LoopBlocked": {
    readonly blockedMs: number;
    readonly open: readonly OpenAttempt[];
  };
  /**
   * The clock of the machine was set before this entry, by a few seconds or more: ahead, also while
   * the machine slept, or, when negative, back. At a start, by at least so much back.
   */
  readonly "journal.ClockSet": { readonly setMs: number };
  /**
   * An error was not caught, and failed no attempt. `attempt` caused it, if that is known. Otherwise
   * one of the attempts that were open may have; `open` has the first of them.
   */
  readonly "journal.ErrorUncaught": {
    readonly kind: UncaughtKind;
    readonly error: ErrorFact;
    readonly attempt?: AttemptAtFault;
    readonly open?: readonly OpenAttempt[];
    /** How many came since the entry before without one of their own: equal ones, or too many. */
    readonly more?: number;
  };
  /** A job came from another journal: the next `entries` entries are its history. */
  readonly "journal.Imported": {
    readonly jobId: JobId;
    readonly entries: number;
    readonly from: ImportOrigin;
  };
  /**
   * An entry of another job that an imported one refers to: evidence, with no effect on any job.
   */
  readonly "journal.EntryQuoted": QuotedAttributes;
  /** A person had a damaged end cut off: these entries are gone. */
  readonly "journal.Repaired": {
    readonly lostFrom: LogId;
    /** As far as is known. */
    readonly lostEntries: number;
    /** The path of a copy of the whole journal from before the cut. */
    readonly aside: string;
    /** The last intact end of a batch that could be read after the cut. */
    readonly previousHead?: { readonly logId: LogId; readonly chain: string };
  };
}

export type FrameworkEventType = keyof FrameworkAttributes;
export type JobEventType = Extract<FrameworkEventType, `job.${string}`>;
export type JournalEventType = Extract<FrameworkEventType, `journal.${string}`>;
