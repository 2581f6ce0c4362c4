/** What the engine is asked, and what it answers. Expected failures are values. */

import type { Change } from "../explain/changes.ts";
import type { Rejection } from "../core/decision.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { FactDraft, JobEventLogEntry } from "../core/event.ts";
import type { ParkReason } from "../core/framework_events.ts";
import type { EventId, JobId, LogId, TaskId } from "../core/ids.ts";
import type { EventMatcher, JobPlan, PolicyRole } from "../core/job_plan.ts";
import type { FailedJob, JobState, Parking, StateName } from "../core/job_state.ts";
import type { FailureSummary, JobSummary } from "../core/job_summary.ts";
import type { JsonValue } from "../core/json.ts";
import type { ChangedLimits } from "../core/changed_limits.ts";
import type { PlaceLimits } from "../core/place_limits.ts";
import type { InputRetention } from "../core/sealed_input.ts";
import type { Condition } from "../core/condition.ts";
import type { PauseRule } from "../core/pause_rule.ts";
import type { Pause } from "../core/pauses.ts";
import type { TypeUse } from "./run/shares.ts";
import type { LimitReached } from "./events/delivery_limits.ts";
import type { Mismatch } from "../explain/mismatch.ts";
import type { Origin } from "../core/origin.ts";

export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: EngineProblem };

/** One thing that is wrong with an input; `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface InputIssue {
  readonly pointer: string;
  readonly detail: string;
}

export type EngineProblem =
  | { readonly kind: "unknownJob"; readonly jobId: string }
  | { readonly kind: "unknownType"; readonly type: string; readonly known: readonly string[] }
  | { readonly kind: "invalidInput"; readonly issues: readonly InputIssue[] }
  | { readonly kind: "invalidLimits"; readonly issues: readonly InputIssue[] }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "jobExists"; readonly jobId: string }
  /** `reason` completes a sentence. */
  | { readonly kind: "inputRemoved"; readonly jobId: JobId; readonly reason: string }
  | { readonly kind: "keyReused"; readonly key: string; readonly jobId: JobId }
  | { readonly kind: "unknownPoint"; readonly point: PointName; readonly detail: string }
  /** A what-if looks at no more of a job's history. */
  | {
    readonly kind: "tooLong";
    readonly jobId: JobId;
    readonly what: "entries" | "characters";
    readonly max: number;
  }
  /** Pointers are into the supposition. */
  | { readonly kind: "impossibleSupposition"; readonly issues: readonly InputIssue[] };

export function unknownJob(jobId: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownJob", jobId } };
}

export function rejected(rejection: Rejection): Outcome<never> {
  return { ok: false, problem: { kind: "rejected", rejection } };
}

/** What a point of a job's life was given as. */
export type PointName = "at" | "from" | "to";

/** @param detail Why the job's life has no such point; a sentence without its subject. */
export function unknownPoint(point: PointName, detail: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownPoint", point, detail } };
}

interface OriginatedRequest {
  readonly origin?: Origin | undefined;
}

interface CreateCommon extends OriginatedRequest {
  readonly jobId?: JobId;
  /** Lower goes first; default 0. */
  readonly priority?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startAt?: string;
  /** Default `true`, or the time of `startAt`. */
  readonly start?: boolean;
  /** `digest` tells whether the same key came with the same body. */
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
  /** The job as it was when its creation became durable; the same for a replayed answer. */
  readonly job: JobState;
  /** The same key came before with the same body: nothing was created now. */
  readonly replayed: boolean;
}

/** What a job was given, with marks for what is secret. */
export interface ShownInput {
  readonly input: JsonValue | undefined;
  readonly secrets: readonly string[];
}

interface PlainControlRequest extends OriginatedRequest {
  readonly kind: "start" | "suspend" | "resume" | "wake";
  readonly reason?: string;
}

interface CancelRequest extends OriginatedRequest {
  readonly kind: "cancel";
  readonly reason?: string;
  /** Of a parked job: nothing is undone, and what is left in place is named. */
  readonly leave?: boolean;
}

export type ControlRequest = PlainControlRequest | CancelRequest;

export interface RetryRequest extends OriginatedRequest {
  readonly from?: TaskId;
  readonly reason?: string;
  /**
   * A job of which a retry was created after this position is left as it is: so that what is
   * asked for twice is done once. With 0, a job that was ever retried.
   */
  readonly unlessRetriedAfter?: LogId;
}

/** An event from outside, validated: legal ids, a type outside the reserved namespaces. */
export type IncomingEvent = Omit<FactDraft, "causedBy">;

/** The same event with its origin; the ids of a trace that it brings itself stay. */
export function withOrigin(event: IncomingEvent, origin: Origin): IncomingEvent {
  const isTraced = event.traceId !== undefined || event.spanId !== undefined;
  if (!isTraced) return { ...event, ...origin };
  return origin.actor === undefined ? event : { ...event, actor: origin.actor };
}

/** What one event did to one job. */
export interface ReceiptJob {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The expectation that it matched, with its count after the event. */
  readonly expectation?: string;
  readonly matched?: number;
  readonly required?: number;
  /** In words: why it counted for nothing, or did something else than to count. */
  readonly reason?: string;
}

interface NearestFacts {
  readonly jobId: JobId;
  readonly state: StateName;
  /** In words: the clauses that the event fails, or why the job takes it no more, or not yet. */
  readonly reason: string;
  /** The clauses that the event fails, at most 10; none when only the time was wrong. */
  readonly clauses: readonly Mismatch[];
}

/**
 * What an event came near to without matching it: an expectation, by its id in the plan of
 * the job; or an event that the policy of the job names, by what that does: `errors` fail
 * the job, and `succeeded` and `failed` end its compensation.
 */
export type NearestExpectation =
  | NearestFacts & { readonly expectation: string; readonly policy?: undefined }
  | NearestFacts & { readonly policy: PolicyRole; readonly expectation?: undefined };

export interface Receipt {
  readonly eventId: EventId;
  /** Of the first delivery, where the id was on record. Otherwise absent when rejected. */
  readonly logId?: LogId;
  /**
   * `matched`: it did something to a job. `recorded`: it is in the journal, and changed no
   * job. `duplicate`: it was there before. `rejected`: it is not in the journal, or only as a
   * `journal.EventRefused`.
   */
  readonly disposition: "matched" | "recorded" | "duplicate" | "rejected";
  readonly jobs: readonly ReceiptJob[];
  /** How many more `jobs` would have, if it named all that the event did. */
  readonly more?: number;
  /** Why it was rejected, or matched nothing; where `jobs` names a job, it says why there. */
  readonly reason?: string;
  /** Of an event that matched nothing: what it came nearest to. */
  readonly nearest?: NearestExpectation;
  /** It was rejected for this alone, so that it may be sent again. */
  readonly limit?: LimitReached;
}

/** Which jobs are meant: those to which all of this applies. */
export interface JobFilter {
  readonly states?: readonly StateName[];
  readonly conditions?: readonly Condition[];
  readonly types?: readonly string[];
  /** All must be there. */
  readonly labels?: readonly (readonly [name: string, value: string])[];
  /** RFC 3339, exclusive. */
  readonly createdAfter?: string;
  /** RFC 3339, exclusive. */
  readonly createdBefore?: string;
  /**
   * Words, each of which must be in the id, the type, a label as `name:value`, or in the name
   * or message of an error, in upper or lower case.
   */
  readonly search?: string;
  /** Of the job's failure. */
  readonly fingerprint?: ErrorFingerprint;
  /** Whether a later job is a retry of it. */
  readonly retried?: boolean;
  /** Only jobs that have not ended, or have an entry after this position. */
  readonly goesOnAfter?: LogId;
}

/** A part of all jobs, by `firstLogId`, which is how they are listed. */
export interface JobRange {
  /** Only jobs that were created before the one with this position. */
  readonly before?: LogId;
  /** Only jobs that were created after the one with this position. */
  readonly after?: LogId;
}

export interface ListQuery extends JobFilter, JobRange {
  readonly limit: number;
  /** Fewer than `limit`, once those that were found take about so many; no limit, when absent. */
  readonly charactersMax?: number;
  /** From the oldest of the range on; absent, from the newest back. */
  readonly oldestFirst?: boolean;
}

/**
 * How far a search went: it looks at so many jobs for one request, and then says where it
 * stopped instead of keeping everybody waiting.
 */
export interface Reach {
  /** So many were looked at. */
  readonly jobs: number;
  /** `createdAt` of the last of them. */
  readonly backTo: string;
}

/** Where a search stopped before it had looked at all jobs. */
export interface Stop extends Reach {
  /** To be given as `before`, or `after`, to go on. */
  readonly next: LogId;
}

/** A page of whole jobs, or of summaries. */
export interface ListPage<Job = JobState> {
  readonly jobs: readonly Job[];
  /** To be given as `before`, or `after`, for the next page; absent on the last one. */
  readonly next?: LogId;
  /** Absent when as many were found as were asked for, or all jobs were looked at. */
  readonly searched?: Reach;
}

/** How many jobs there are that a filter applies to. */
export interface JobCount {
  readonly jobs: number;
  /** By condition; one that is absent has none. */
  readonly conditions: ReadonlyMap<Condition, number>;
  /** Absent when all jobs were looked at. */
  readonly searched?: Reach;
}

/** Failures with one fingerprint. */
export interface FailureGroup {
  readonly fingerprint: ErrorFingerprint;
  readonly type: string | null;
  readonly taskId: TaskId | null;
  readonly jobs: number;
  /** Of these jobs a later one is a retry. */
  readonly retried: number;
  /** Failed for good, and not retried yet. */
  readonly open: number;
  readonly newest: JobSummary;
  readonly oldest: JobSummary;
  /** Of the newest. */
  readonly error: FailureSummary["error"];
}

export interface FailureGroups {
  /** The largest first. */
  readonly groups: readonly FailureGroup[];
  /** So many are rarer, and not among them. */
  readonly more: number;
  /** Absent when all jobs were looked at. */
  readonly searched?: Reach;
}

export interface OldestQueued {
  readonly jobId: JobId;
  readonly queuedMs: number;
}

/** How many jobs there are, the ended ones included; a kind that is absent has none. */
export interface Census {
  readonly jobs: number;
  readonly states: ReadonlyMap<StateName, number>;
  readonly conditions: ReadonlyMap<Condition, number>;
  readonly oldestQueued: OldestQueued | undefined;
  readonly busyWorkers: number;
  readonly maxWorkers: number;
}

/** A pause in force, and what it keeps from a worker. */
export interface HeldPause extends Pause {
  readonly jobs: number;
  /** Those that would go first, at most 5. */
  readonly firstJobs: readonly JobId[];
}

/** Parked jobs of one type, and one reason. */
export interface ParkedJobs {
  readonly reason: ParkReason;
  readonly type: string;
  readonly jobs: number;
  /** The one parked last, and what stands in its way. */
  readonly newest: Pick<Parking, "message" | "disagreesWith" | "by"> & { readonly jobId: JobId };
}

/** The jobs that a person may have to look at, a few of each kind. */
export interface NeedingAttention {
  /** Failed, and not retried; the last one comes first. */
  readonly failed: readonly FailedJob[];
  /** Waiting, for longest first; `since` is RFC 3339. */
  readonly waiting: readonly { readonly job: JobState; readonly since: string }[];
  /** Parked, by the reason and the type, the most first. */
  readonly parked: readonly ParkedJobs[];
}

/** An entry, by what tells whose it is. */
export type EntryOfJob = Pick<JobEventLogEntry, "jobId" | "logId">;

/** Where an entry changed its job's state or condition. */
export interface Transition {
  /** `null` for the entry that created the job. */
  readonly from: StateName | null;
  readonly to: StateName;
  readonly condition: Condition;
}

export interface DefinitionInfo {
  readonly type: string;
  readonly version: number;
  /** Versions whose jobs it runs beside its own, where it says so. */
  readonly runs?: readonly number[];
  readonly description?: string;
  /** JSON Schema (2020-12) of the input. */
  readonly inputSchema: JsonValue;
  /** The events that start a job, each one. */
  readonly startsOn?: EventMatcher;
  /** Dotted paths of what the journal does not hold in clear. */
  readonly secrets?: readonly string[];
  readonly retention?: InputRetention;
  /** When failures pause its type. */
  readonly pauseAfter?: PauseRule;
  /** How many of its jobs may be at work at a time; `byKey` where it sorts them by a key. */
  readonly limits?: PlaceLimits & { readonly byKey: boolean };
}

/** The limits of a type, and their use. */
export interface LimitedType {
  readonly type: string;
  /** In force. */
  readonly limits: PlaceLimits;
  /** As its definition has them; nothing in it where that is not loaded, or has none. */
  readonly code: PlaceLimits;
  /** Whether its jobs have keys. */
  readonly byKey: boolean;
  /** Why others are in force than those of the code; absent where none are. */
  readonly change?: Omit<ChangedLimits, "type" | "limits">;
  /** Places that are taken. */
  readonly held: number;
  /** Jobs that wait for a place, or for the rate. */
  readonly waiting: number;
  /** Those with a job at work or waiting, the most first; `null` for jobs without. */
  readonly keys: TypeUse["keys"];
  /** How many more there are. */
  readonly moreKeys: number;
  /** What the rate counts now, the most first. */
  readonly rates: TypeUse["rates"];
  /** How many more keys of the rate there are. */
  readonly moreRates: number;
}

/** What differs between two points of a job's life. */
export interface PointDifference {
  /** The job's last entry at each point. */
  readonly from: LogId;
  readonly to: LogId;
  readonly changes: readonly Change[];
  /** How many more there are, where they are too many to be told. */
  readonly more?: number;
}
