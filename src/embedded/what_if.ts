/** What-ifs of an embedding program. */

import type { JsonObject, JsonValue } from "../core/json.ts";
import type { DeliveredEvent } from "./submission.ts";
import type { Job, JobCondition, JobStateName } from "./job.ts";
import type { LimitValues } from "../core/place_limits.ts";

/**
 * A supposition, as for `POST /jobs/:id/what-if`; `limits` cannot be combined with other members.
 */
export interface Suppositions {
  /** Another plan, as for `POST /jobs`. */
  readonly plan?: JsonObject;
  /** The positions of entries to leave out. */
  readonly without?: readonly number[];
  /** Events to add. */
  readonly with?: readonly SupposedEvent[];
  /**
   * The last entry to take into account: a position, an `eventId`, or an RFC 3339 time, as `at` of
   * `explain`.
   */
  readonly upTo?: number | string;
  /**
   * Other limits of the job's type: one that is left out stays in force, and `null` means no limit.
   */
  readonly limits?: { readonly [Name in keyof LimitValues]: LimitValues[Name] | null };
}

/** A supposed event. */
export interface SupposedEvent extends DeliveredEvent {
  /** The position after which it is inserted. Default: the last. */
  readonly after?: number;
}

/** Which steps to return. */
export interface StepsOptions {
  /** The most steps, from 1 to 1,000. Default: 1,000. */
  readonly limit?: number;
  /** Only later steps: the `nextCursor` of the previous answer. */
  readonly cursor?: string;
}

/** The result of a what-if. */
export interface SupposedJob {
  /** The job as it would be now. A supposed event has a position with a fraction, such as 7.001. */
  readonly job: Job;
  /** What each entry would do. */
  readonly steps: readonly JobStep[];
  /** For the next steps; `null` if there are no more. */
  readonly nextCursor: string | null;
  /** Where the outcome first differs; `null` if it does not. */
  readonly firstDifference: {
    readonly logId: number;
    readonly eventType: string;
    /** `null` if the record has no such entry. */
    readonly actual: JobStanding | null;
    /** `null` if the entry is left out. */
    readonly whatIf: JobStanding | null;
    /** In a sentence. */
    readonly why: string;
  } | null;
  /** Whether all earlier events that the other plan may expect were examined. */
  readonly allPastEvents: boolean;
  /** The effect of other limits, if supposed. */
  readonly limits?: SupposedLimits;
}

/** The effect of an entry on a job. */
export interface JobStep {
  /** The position of the entry. */
  readonly logId: number;
  /** The type of the entry's event. */
  readonly eventType: string;
  /** The row of the state table that applies. */
  readonly rule: string;
  /** Each value of the job that the entry changes. */
  readonly changed: readonly {
    readonly path: string;
    readonly from: JsonValue;
    readonly to: JsonValue;
  }[];
  /** In a sentence. */
  readonly why: string;
}

/** A job after an entry. */
export interface JobStanding {
  /** The state. */
  readonly state: JobStateName;
  /** The condition, which is more detailed. */
  readonly condition: JobCondition;
  /** The row of the state table that applied. */
  readonly rule: string;
}

/** The effect of other limits of its type on a job. */
export interface SupposedLimits {
  /** The limits that would be in force. */
  readonly limits: LimitValues;
  /**
   * For a queued job, whether it would start now; for one that has started, whether it would have
   * waited less.
   */
  readonly outcome: "begins" | "waits" | "sooner" | "noSooner" | "later";
  /** In a sentence. */
  readonly statement: string;
  /** The evidence, with the entries. */
  readonly because: readonly {
    readonly statement: string;
    readonly cites: readonly { readonly logId: number; readonly eventType: string }[];
  }[];
  /** Assumptions about what is not on record. */
  readonly assumes: readonly string[];
  /** For a queued job: the jobs that would start before it, in order. */
  readonly behind?: readonly string[];
  /** For a job that has started: how much less it would have waited, in milliseconds. */
  readonly lessMs?: { readonly least: number; readonly most: number };
}
