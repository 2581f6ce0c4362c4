/** Requests to the engine, and its answers. Expected failures are returned as values. */

import type { Change } from "../explain/replay/changes.ts";
import type { ParkedJobs } from "../explain/statements/queue_facts.ts";
import type { Mismatch } from "../explain/likeness/mismatch.ts";
import type { Command, Originated, Rejection } from "../core/command.ts";
import type { StateControl } from "../core/controls.ts";
import type { FactDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventId, JobId, LogId, TaskId } from "../core/ids.ts";
import type { EventMatcher, JobPlan, PolicyRole } from "../core/job_plan.ts";
import type { FailedJob, JobState, StateName } from "../core/job_state.ts";
import type { JsonValue, PointedIssue } from "../core/json.ts";
import type { LimitValues } from "../core/place_limits.ts";
import type { InputRetention } from "../core/sealed_input.ts";
import type { Condition } from "../core/condition.ts";
import type { PauseRule } from "../core/pauses.ts";
import type { LimitReached } from "./engine_limits.ts";
import type { Origin } from "../core/trace_ids.ts";

export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: EngineProblem };

export type EngineProblem =
  | { readonly kind: "unknownJob"; readonly jobId: string }
  | { readonly kind: "unknownType"; readonly type: string; readonly known: readonly string[] }
  | { readonly kind: "invalidInput"; readonly issues: readonly PointedIssue[] }
  | { readonly kind: "invalidLimits"; readonly issues: readonly PointedIssue[] }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "jobExists"; readonly jobId: string }
  /** `reason` completes a sentence. */
  | { readonly kind: "inputRemoved"; readonly jobId: JobId; readonly reason: string }
  | { readonly kind: "keyReused"; readonly key: string; readonly jobId: JobId }
  | { readonly kind: "unknownPoint"; readonly point: PointName; readonly detail: string }
  /** A what-if reads at most this much of a job's history. */
  | {
    readonly kind: "tooLong";
    readonly jobId: JobId;
    readonly what: "entries" | "characters";
    readonly max: number;
  }
  /** Their pointers refer to the supposition. */
  | { readonly kind: "impossibleSupposition"; readonly issues: readonly PointedIssue[] };

export function unknownJob(jobId: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownJob", jobId } };
}

/** @param known The types of which definitions are loaded. */
export function unknownType(type: string, known: readonly string[]): Outcome<never> {
  return { ok: false, problem: { kind: "unknownType", type, known } };
}

export function rejected(rejection: Rejection): Outcome<never> {
  return { ok: false, problem: { kind: "rejected", rejection } };
}

/** The parameter that named a point. */
type PointName = "at" | "from" | "to";

/** @param detail Why the job has no such point; a sentence without its subject. */
export function unknownPoint(point: PointName, detail: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownPoint", point, detail } };
}

interface CreateCommon extends Originated {
  readonly jobId?: JobId;
  /** Lower goes first; default 0. */
  readonly priority?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startAt?: string;
  /** Default `true`, or the time of `startAt`. */
  readonly start?: boolean;
  /** `digest` shows whether the same key came with the same body before. */
  readonly idempotency?: { readonly key: string; readonly digest: string };
}

/** A job with code, or a plan driven by outside events. */
export type CreateRequest =
  & CreateCommon
  & (
    | { readonly type: string; readonly input?: JsonValue }
    | { readonly plan: JobPlan }
  );

export interface Created {
  /** The job as it was when its creation became durable; the same when the request is repeated. */
  readonly job: JobState;
  /** Whether the same key came with the same body before, so that nothing was created now. */
  readonly replayed: boolean;
}

/** The input of a job, with marks for secrets. */
export interface ShownInput {
  readonly input: JsonValue | undefined;
  readonly secrets: readonly string[];
}

export type ControlRequest = Extract<Command, { readonly kind: StateControl }>;

export interface RetryRequest extends Originated {
  readonly from?: TaskId;
  readonly reason?: string;
  /**
   * Leaves a job alone if a retry of it was created after this position, so that a repeated request
   * has no further effect. With 0, leaves alone every job that was ever retried.
   */
  readonly unlessRetriedAfter?: LogId;
}

/**
 * An event from outside, validated: its ids are legal, and its type is outside the reserved
 * namespaces.
 */
export type IncomingEvent = Omit<FactDraft, "causedBy">;

/** The event with its origin. Trace ids of its own stay. */
export function withOrigin(event: IncomingEvent, origin: Origin): IncomingEvent {
  const isTraced = event.traceId !== undefined || event.spanId !== undefined;
  if (!isTraced) return { ...event, ...origin };
  return origin.actor === undefined ? event : { ...event, actor: origin.actor };
}

/** The effect of an event on one job. */
export interface ReceiptJob {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The expectation that it matched, with its count after the event. */
  readonly expectation?: string;
  readonly matched?: number;
  readonly required?: number;
  /** Why it did not count, or had another effect. */
  readonly reason?: string;
}

interface NearestFacts {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The clauses that the event fails, or why the job does not accept it, or not yet. */
  readonly reason: string;
  /** The clauses that the event fails, at most 10; empty when only the time or the job was wrong. */
  readonly clauses: readonly Mismatch[];
}

/**
 * What an event almost matched: an expectation, by its id in the plan of the job; or an event named
 * in the job's policy, by its effect. `errors` fail the job; `succeeded` and `failed` end its
 * compensation.
 */
export type NearestExpectation =
  | NearestFacts & { readonly expectation: string; readonly policy?: undefined }
  | NearestFacts & { readonly policy: PolicyRole; readonly expectation?: undefined };

const MATCHED_NOTHING = "matched nothing: ";

/** The reason of a receipt for an event that matched nothing. */
export function matchedNothing(why: string): string {
  return MATCHED_NOTHING + why;
}

/** The reason without what the disposition `recorded` says already. */
export function whyRecorded(reason: string): string {
  return reason.startsWith(MATCHED_NOTHING) ? reason.slice(MATCHED_NOTHING.length) : reason;
}

export interface Receipt {
  readonly eventId: EventId;
  /**
   * The position of the first delivery when the id was on record. Otherwise absent when rejected.
   */
  readonly logId?: LogId;
  /**
   * `matched`: it had an effect on a job. `recorded`: it is in the journal, and changed no job.
   * `duplicate`: it was recorded before. `rejected`: it is not in the journal, or only as a
   * `journal.EventRefused`.
   */
  readonly disposition: "matched" | "recorded" | "duplicate" | "rejected";
  readonly jobs: readonly ReceiptJob[];
  /** How many jobs the event reached besides those in `jobs`. */
  readonly more?: number;
  /**
   * Why it was rejected or matched nothing, or which job expects it instead of the one that it
   * names; each of `jobs` has its own reason.
   */
  readonly reason?: string;
  /**
   * What an event that matched nothing came nearest to: for an event that names a job, what another
   * job expects of it comes first.
   */
  readonly nearest?: NearestExpectation;
  /** The limit that alone caused the rejection, so that the event may be sent again. */
  readonly limit?: LimitReached;
}

export interface OldestQueued {
  readonly jobId: JobId;
  readonly queuedMs: number;
}

/** How many jobs there are, including ended ones. Absent kinds have none. */
export interface Census {
  readonly jobs: number;
  readonly states: ReadonlyMap<StateName, number>;
  readonly conditions: ReadonlyMap<Condition, number>;
  readonly oldestQueued: OldestQueued | undefined;
  readonly busyWorkers: number;
  readonly maxWorkers: number;
}

/** The jobs that a person may have to look at, a few of each kind. */
export interface NeedingAttention {
  /** Failed, and not retried; the latest first. */
  readonly failed: readonly FailedJob[];
  /** Waiting, the longest first; `since` is RFC 3339. */
  readonly waiting: readonly { readonly job: JobState; readonly since: string }[];
  /** Parked, by reason and type, the largest group first. */
  readonly parked: readonly ParkedJobs[];
}

export type EntryOfJob = Pick<JobEventLogEntry, "jobId" | "logId">;

/** The change of a job's state or condition by an entry. */
export interface Transition {
  /** `null` for the entry that created the job. */
  readonly from: StateName | null;
  readonly to: StateName;
  readonly condition: Condition;
}

export interface DefinitionInfo {
  readonly type: string;
  readonly version: number;
  /** Other versions whose jobs it runs. */
  readonly runs?: readonly number[];
  readonly description?: string;
  /** JSON Schema (2020-12) of the input. */
  readonly inputSchema: JsonValue;
  /** The events that each start a job. */
  readonly startsOn?: EventMatcher;
  /** Dotted paths of the parts that the journal does not hold in clear. */
  readonly secrets?: readonly string[];
  readonly retention?: InputRetention;
  /** When failures pause its type. */
  readonly pauseAfter?: PauseRule;
  /** How many of its jobs may run at a time; `byKey` when its limits have a key. */
  readonly limits?: LimitValues & { readonly byKey: boolean };
}

/** The limits of a type and their use, as `GET /limits` shows them. */
export interface TypeLimits {
  /** The type of the jobs. */
  readonly type: string;
  /** The limits in force. */
  readonly limits: LimitValues;
  /** The limits of the definition; empty if it has none, or is not loaded. */
  readonly code: LimitValues;
  /** Whether the jobs have keys; keys take turns. */
  readonly byKey: boolean;
  /** Why limits other than those of the code are in force. */
  readonly change?: {
    /** The position of the entry that changed them. */
    readonly by: number;
    /** When they were changed; RFC 3339, in UTC. */
    readonly since: string;
    /** The given reason. */
    readonly reason: string;
    /** The name of the token of the request, over HTTP. */
    readonly actor?: string;
  };
  /** Running jobs. */
  readonly held: number;
  /** Jobs that wait for a place, or for the rate. */
  readonly waiting: number;
  /** Keys with running or waiting jobs, the busiest first; `null` means jobs without a key. */
  readonly keys: readonly {
    readonly key: string | null;
    readonly held: number;
    readonly waiting: number;
  }[];
  /** How many more keys exist. */
  readonly moreKeys: number;
  /** What the rate counts now: all jobs of the type (`null`), or each key separately. */
  readonly rates: readonly {
    readonly key: string | null;
    /** Jobs that the rate counts. */
    readonly began: number;
    /** Jobs that wait to start. */
    readonly waiting: number;
    /**
     * When the next job may start, if none may start now; also absent while starts are being
     * recorded.
     */
    readonly nextAt?: string;
  }[];
  /** How many more keys of the rate exist. */
  readonly moreRates: number;
}

/** What differs between two points of a job's history. */
export interface PointDifference {
  /** The job's last entry at each point. */
  readonly from: LogId;
  readonly to: LogId;
  readonly changes: readonly Change[];
  /** How many changes were left out. */
  readonly more?: number;
}
