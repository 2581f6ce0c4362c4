/**
 * The facts that the framework itself records. This table is the single place that
 * says which there are and what each carries; the entry union, the schemas that
 * read lines back and the projector derive from it.
 */

import type { EventType } from "./event_type.ts";
import type { EventId, ExecutionId, JobId, LogId, TaskId } from "./ids.ts";
import type { JobPlan } from "./job_plan.ts";
import type { PlaceLimits } from "./place_limits.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { SealedInput } from "./sealed_input.ts";

/** An error as recorded: never an object of the program that threw it. */
export interface ErrorFact {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/**
 * Why a job failed. `error`: an error event of its policy, or `run` itself threw;
 * `poison`: trying again cannot help; `deadLetter`: attempts used up; `cancelled`.
 */
export type FailureKind = "error" | "poison" | "deadLetter" | "cancelled";

/** What an operator said when using a control. */
export interface ControlAttributes {
  readonly reason?: string;
}

/**
 * Why the engine holds a job. `diverged`: its `run` no longer goes the way that is on record;
 * `noDefinition`: its type, or a version that runs it, is not loaded; `crashed`: the process ended
 * three times while its attempt was open, the last time with that attempt alone.
 */
export type ParkReason = "diverged" | "noDefinition" | "crashed";

export interface JobParkedAttributes {
  readonly reason: ParkReason;
  /** In words, as a clause: what stands in the way. */
  readonly message: string;
  /** Of `diverged`: the entry that `run` disagrees with. */
  readonly disagreesWith?: LogId;
}

export interface JobCreatedAttributes {
  /** Absent for a plan driven by outside events. */
  readonly type?: string;
  /** Present exactly when the job has code. */
  readonly definitionVersion?: number;
  readonly plan: JobPlan;
  /** With marks for what is secret; absent where all of it is under the seal. */
  readonly input?: JsonValue;
  /** The whole input, where the journal must not hold it in clear. */
  readonly sealed?: SealedInput;
  /** Lower goes first. */
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339; the job starts by itself then. */
  readonly startAt?: string;
  readonly retryOf?: JobId;
  /** By which its definition limits how many run at a time; keys of one priority take turns. */
  readonly key?: string;
  /** By which its definition counts how many begin within a time, where that has a key of its own. */
  readonly rateKey?: string;
  /**
   * The caller's `Idempotency-Key`, and a digest of the body that came with it: keyed with
   * the job's own key where the input is sealed.
   */
  readonly idempotency?: { readonly key: string; readonly digest: string };
}

/** An attempt that failed, and what happens now. */
export type AttemptFailure =
  & { readonly attempt: number; readonly maxAttempts: number; readonly error: ErrorFact }
  & ({ readonly retryAt: string } | { readonly final: true; readonly kind: FailureKind });

/**
 * Why an attempt was cut short, by no fault of its own. One that was withdrawn had its start on
 * record, and its handler was not called: its job was suspended, or there was no worker for it.
 * `paused` is the same where a pause came to hold the job.
 */
export type InterruptionReason = "crash" | "shutdown" | "cancelled" | "withdrawn" | "paused";

/** Whether the handler of an attempt that was cut short was not even called. */
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

/** Where a history was taken from: the head of that journal then. */
export interface ImportOrigin {
  readonly logId: LogId;
  readonly chain: string;
}

/** Which jobs a pause holds: those that fit each member that is there; all, where none is. */
export interface PauseScope {
  readonly type?: string;
  /** As `name:value`. */
  readonly label?: string;
  /** By which a definition sorts its jobs: `limits.key`. */
  readonly key?: string;
}

export interface PauseBeganAttributes extends PauseScope {
  readonly pauseId: string;
  readonly reason: string;
  /** RFC 3339; it ends by itself then. */
  readonly until?: string;
  /** Of a pause by rule: the failed attempts that are its cause. */
  readonly failures?: readonly LogId[];
}

/** An entry of a job that is not in this journal; its times and cause are the quotation's. */
export interface QuotedAttributes {
  readonly eventId: EventId;
  readonly stratum: "framework" | "domain" | "coordination";
  readonly eventType: string;
  readonly jobId: JobId;
  readonly taskId?: TaskId;
  readonly executionId?: ExecutionId;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly actor?: string;
  readonly attributes: JsonObject;
}

/** What a refused event said; the entry about it belongs to no job. */
export interface RefusedAttributes {
  readonly eventId: EventId;
  readonly eventType: EventType;
  readonly jobId?: JobId;
  readonly taskId?: TaskId;
  readonly attributes: JsonObject;
}

/** Each framework event type, with its attributes. */
export interface FrameworkAttributes {
  readonly "job.JobCreated": JobCreatedAttributes;
  readonly "job.JobStarted": ControlAttributes;
  readonly "job.JobSuspended": ControlAttributes;
  /** Ends the suspension, or, with `of`, that the job is parked. */
  readonly "job.JobResumed": ControlAttributes & { readonly of?: "parked" };
  /** The engine holds the job until somebody, or other code, decides. */
  readonly "job.JobParked": JobParkedAttributes;
  /** What backs off is to be tried at once, and what sleeps ends: a fact of its own says so. */
  readonly "job.JobWoken": ControlAttributes;
  /** With `leftInPlace` nothing is undone: these completed tasks stay as they are. */
  readonly "job.JobCancelled": ControlAttributes & { readonly leftInPlace?: readonly TaskId[] };
  /** Recorded on the old job; the new one names it in `retryOf`. */
  readonly "job.JobRetried": ControlAttributes & { readonly newJobId: JobId };
  /** An event without a job id reached this job; it counts in place of the original. */
  readonly "job.EventCorrelated": EventCorrelatedAttributes;
  readonly "job.TaskStarted": {
    readonly attempt: number;
    /** Absent for `main`, which is not tried again. */
    readonly maxAttempts?: number;
    /** How long the attempt may take, in milliseconds; absent when there is no limit. */
    readonly timeoutMs?: number;
    readonly compensable?: true;
  };
  /** `run` waits for these expectations and holds no worker. */
  readonly "job.TaskWaiting": {
    readonly expectations: readonly string[];
    /** The last entry that `run` has had an answer from; what came later is news to it. */
    readonly seen?: LogId;
  };
  /** `run` sleeps until then, in the step that the entry names, or waits for an expectation. */
  readonly "job.TimerSet": {
    /** RFC 3339. */
    readonly dueAt: string;
    /** Of a wait. */
    readonly expectation?: string;
    /** Which of the expectation's waits it is: 1 for the first. */
    readonly wait?: number;
  };
  /**
   * An expectation is not met in time. With `wait`, that wait of `run` ends without an event;
   * else the deadline of the plan passes, which fails the job or waives the expectation.
   */
  readonly "job.DeadlinePassed": {
    readonly expectation: string;
    readonly wait?: number;
    /** The entry of the retried job that ended the wait there. */
    readonly reusedFrom?: LogId;
  };
  /** The sleep is over: its time has come, or `causedBy` is the `job.JobWoken` that ended it. */
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
    /** Domain events of the same batch. */
    readonly emitted?: readonly EventId[];
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
  /** The key of the job's sealed input is being deleted: nobody can read it any more. */
  readonly "job.InputRemoved": { readonly reason: "retention" };
  /**
   * An event was sent with an id that is on record with other content, and refused: this is
   * what it said. `causedBy` is the line that has the id.
   */
  readonly "journal.EventRefused": RefusedAttributes;
  /** Nothing begins any more of the jobs that it holds. It is no part of a job's history. */
  readonly "job.PauseBegan": PauseBeganAttributes;
  readonly "job.PauseEnded": {
    readonly pauseId: string;
    /** It ended by itself, since its time had come. */
    readonly elapsed?: true;
  };
  /** In the place of the limits that the code of a type has, all of them. It names no job. */
  readonly "job.LimitsChanged": {
    readonly type: string;
    readonly limits: PlaceLimits;
    readonly reason: string;
  };
  /** The limits of the code are in force again. */
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
  };
  /** A process leads a journal that several share: it alone appends from here on. */
  readonly "journal.WriterOpened": {
    /** Tells the process from others. */
    readonly writer: string;
    /** Where the others reach it. */
    readonly url: string;
  };
  /** A job came from another journal: this many entries that follow are its history. */
  readonly "journal.Imported": {
    readonly jobId: JobId;
    readonly entries: number;
    readonly from: ImportOrigin;
  };
  /** An entry of another job that an imported one refers to: evidence, and it moves no job. */
  readonly "journal.EntryQuoted": QuotedAttributes;
  /** A damaged end was cut away, by someone who asked for it: these entries are gone. */
  readonly "journal.Repaired": {
    readonly lostFrom: LogId;
    /** As far as can be known. */
    readonly lostEntries: number;
    /** Path of a copy of the whole journal as it was before. */
    readonly aside: string;
    /** The last whole end of a batch that could be read after the cut. */
    readonly previousHead?: { readonly logId: LogId; readonly chain: string };
  };
}

export type FrameworkEventType = keyof FrameworkAttributes;
export type JobEventType = Extract<FrameworkEventType, `job.${string}`>;
export type JournalEventType = Extract<FrameworkEventType, `journal.${string}`>;
