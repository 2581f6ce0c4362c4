/**
 * The content of explanations: of a job, of all work, of an event, and of a value. Every statement
 * cites entries of the journal: by their positions when it is made, and by segment and line when it
 * is published.
 */

import type { Condition } from "../../core/condition.ts";
import type { ErrorFingerprint } from "../../core/error_fingerprint.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { PolicyRole } from "../../core/job_plan.ts";
import type { StateName } from "../../core/job_state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { RuleName } from "../../core/rules.ts";
import type { Trait } from "../likeness/compared_job.ts";
import type { Likeness } from "../likeness/resemblance.ts";
import type { Mismatch } from "../likeness/mismatch.ts";

/** The line of an entry. */
export interface Citation {
  readonly logId: LogId;
  /** File name in `journal/segments`. */
  readonly segment: string;
  /** Number of the line in the segment, from 1; blank lines count. */
  readonly line: number;
  readonly eventId: string;
  readonly eventType: string;
  /**
   * The row of the state table by which the entry failed or ended the job; absent for other
   * entries.
   */
  readonly rule?: RuleName;
}

/** A sentence with its evidence. */
export interface Statement<Cite> {
  readonly statement: string;
  readonly cites: readonly Cite[];
}

/** Statements as they are made: they cite positions. */
export type Reasons = readonly Statement<LogId>[];

/** A task that completed, or an expectation that has all its matches. */
export interface CompletedItem<Cite> extends Statement<Cite> {
  readonly kind: "task" | "expectation";
  readonly id: string;
}

/** An event that resembles the expected one, but did not count. */
export interface NearMiss<Cite> extends Statement<Cite> {
  /** The kind of likeness. */
  readonly likeness: Likeness;
  /**
   * For an event that is nearer to one that the policy names than to any expectation, the effect of
   * that one: `errors` fail the job, `succeeded` and `failed` end its compensation.
   */
  readonly policy?: PolicyRole;
  /** The clauses of the expectation that it fails; empty when something else is wrong. */
  readonly clauses: readonly Mismatch[];
  /** Its attributes; empty when very long. */
  readonly attributes: JsonObject;
}

export interface WaitingFor<Cite> extends Statement<Cite> {
  readonly expectation: string;
  readonly eventType: string;
  readonly matched: number;
  readonly required: number;
  readonly nearMisses: readonly NearMiss<Cite>[];
  /**
   * A remark that nothing resembles what is missing, that nothing can match, or what came under
   * another id; it ends the statement.
   */
  readonly remark?: string;
}

/** A request that would let the job continue. */
export interface Action {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: JsonObject;
  /** JSON pointers into the body, to values that must be filled in before it is sent. */
  readonly placeholders?: readonly string[];
}

export interface NextStep<Cite> extends Statement<Cite> {
  /** Whether it happens by itself or needs a person. */
  readonly by: "itself" | "anyone";
  readonly action?: Action;
}

export type Next = readonly NextStep<LogId>[];

/**
 * How long a job was in each condition, in milliseconds, by the times of its entries. The current
 * condition is not counted, so that the same journal always gives the same result.
 */
export interface Timing {
  readonly scheduledMs: number;
  readonly queuedMs: number;
  /**
   * Of this, how long it was held by pauses, and how long it waited for a place within the limits
   * of its type. Only for a job that ended or is executing, if it is on record and took a tenth of
   * the time.
   */
  readonly queuedPausedMs?: number;
  readonly queuedLimitedMs?: number;
  readonly executingMs: number;
  readonly waitingMs: number;
  readonly sleepingMs: number;
  readonly backingOffMs: number;
  readonly suspendedMs: number;
  readonly parkedMs: number;
  readonly compensatingMs: number;
  /**
   * From the last entry before each crash that cut the job short to the restart: an upper bound of
   * the downtime. It counts in no condition.
   */
  readonly downMs: number;
  /** From the creation to the end, or to the beginning of the current condition. */
  readonly totalMs: number;
  /** Since when the job has been in its condition; RFC 3339. */
  readonly since: string;
}

/** What an explanation counts instead of describing. */
export interface SummedUp {
  /** Entries of the job: how many, the first, and the last. */
  readonly entries?: { readonly count: number; readonly from: LogId; readonly to: LogId };
  /** Items of `completed` that were settled before those listed. */
  readonly completed?: number;
  /** Items of `waitingFor` that come after those listed, in the order of the plan. */
  readonly waitingFor?: number;
}

/** What jobs that failed or wait like this one have in common, and others of the type do not. */
export interface ContrastStatement<Cite> extends Statement<Cite> {
  readonly traits: readonly Trait[];
  /** Similar jobs, including this one. */
  readonly alike: number;
  /** Jobs that succeeded. */
  readonly others: number;
}

/** Jobs that share the cause of this one. */
export interface SiblingsStatement<Cite> extends Statement<Cite> {
  /** How many there are besides this one, as far as was searched. */
  readonly others: number;
  /** For `GET /jobs?fingerprint=`, if they have one. */
  readonly fingerprint?: ErrorFingerprint;
  /** A few of them. */
  readonly jobs: readonly JobId[];
}

export interface Explanation<Cite> {
  readonly jobId: JobId;
  readonly state: StateName;
  readonly condition: Condition;
  /** A function of the journal up to this entry. */
  readonly asOf: LogId;
  /**
   * When that entry was received, RFC 3339. Only for a look back at a point, which suggests no
   * actions, since the job has moved on.
   */
  readonly asOfTime?: string;
  readonly summary: string;
  /** From the condition back to what came from outside. */
  readonly because: readonly Statement<Cite>[];
  readonly completed: readonly CompletedItem<Cite>[];
  readonly waitingFor: readonly WaitingFor<Cite>[];
  readonly next: readonly NextStep<Cite>[];
  /** Absent when nothing sets such jobs apart, or there are too few. */
  readonly contrast?: ContrastStatement<Cite>;
  /** Absent when there are none. */
  readonly siblings?: SiblingsStatement<Cite>;
  readonly timing: Timing;
  /** Absent when nothing was left out. */
  readonly summedUp?: SummedUp;
}

/** Why work as a whole continues or stands still. */
export interface QueueExplanation<Cite> {
  /** A function of the journal up to this entry. */
  readonly asOf: LogId;
  /** Whether something holds up jobs that could run. */
  readonly standsStill: boolean;
  /** Since when, RFC 3339; absent when unknown. */
  readonly since?: string;
  readonly queued: QueuedJobs;
  /** One sentence that names the cause. */
  readonly summary: string;
  /** At most five. */
  readonly because: readonly Statement<Cite>[];
  readonly next: readonly NextStep<Cite>[];
}

/** How many jobs wait, each counted once: for the end of a pause, for a place, or for a worker. */
export interface QueuedJobs {
  readonly paused: number;
  readonly limited: number;
  readonly forWorker: number;
}

/** A job that the event reached or started, and its effect there. */
export interface ReachedJob<Cite> extends Statement<Cite> {
  readonly jobId: JobId;
  /** The row of the state table that applied. */
  readonly rule: RuleName;
}

/** A job that waits for an event like this one, or a definition that starts on one. */
export interface NearlyReached<Cite> extends Statement<Cite> {
  readonly jobId?: JobId;
  readonly expectation?: string;
  /** The type of job that would have been started. */
  readonly type?: string;
  /** The clauses that the event fails; empty when only the time or the job was wrong. */
  readonly clauses: readonly Mismatch[];
}

/** What became of an event. */
export interface EventExplanation<Cite> {
  readonly eventId: EventId;
  readonly eventType: string;
  /** The entry of the event. */
  readonly logId: LogId;
  /** The head of the journal: later entries are not included. */
  readonly asOf: LogId;
  readonly summary: string;
  /** Oldest first; `more` counts those that are not listed. */
  readonly reached: readonly ReachedJob<Cite>[];
  readonly more?: number;
  readonly nearly: readonly NearlyReached<Cite>[];
  /** Events that were refused because they reused the id of this one with other content. */
  readonly refused: readonly Statement<Cite>[];
}

export interface JobAbout<Cite> extends Statement<Cite> {
  readonly jobId: JobId;
}

export interface EventAbout<Cite> extends Statement<Cite> {
  readonly eventId: EventId;
}

/** The jobs and events that carry a value, and the outcome of each. */
export interface About<Cite> {
  /** As requested. */
  readonly about: string;
  /** Later entries are not included. It is the head of the journal, or of the index of values. */
  readonly asOf: LogId;
  readonly summary: string;
  /** Those that have not succeeded first, else the newest; not all if there are many. */
  readonly jobs: readonly JobAbout<Cite>[];
  readonly events: readonly EventAbout<Cite>[];
}
