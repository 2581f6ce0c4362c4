/** What would become of a job, as a program that has Daybook inside asks it. */

import type { JsonObject, JsonValue } from "../core/json.ts";
import type { DeliveredEvent } from "./event.ts";
import type { Job, JobCondition, JobStateName } from "./job.ts";
import type { LimitValues } from "./type_limits.ts";

/** What to suppose, as `POST /jobs/:id/what-if` takes it; `limits` stand alone. */
export interface Suppositions {
  /** Another plan, as `POST /jobs` takes it. */
  readonly plan?: JsonObject;
  /** The positions of entries to leave out. */
  readonly without?: readonly number[];
  /** Events to add. */
  readonly with?: readonly SupposedEvent[];
  /** Only what is on record up to here: a position, an `eventId`, or an RFC 3339 time. */
  readonly upTo?: number | string;
  /** Other limits of its type: one that is left out stays as it is, `null` is no limit. */
  readonly limits?: { readonly [Name in keyof LimitValues]: LimitValues[Name] | null };
}

/** An event to be supposed. */
export interface SupposedEvent extends DeliveredEvent {
  /** The position that it would follow. Default: the last. */
  readonly after?: number;
}

/** Which steps an answer has. */
export interface StepsOptions {
  /** At most this many, 1 to 1,000. Default: 1,000. */
  readonly limit?: number;
  /** Those after: the `nextCursor` of the answer before. */
  readonly cursor?: string;
}

/** The job as it would be. */
export interface SupposedJob {
  /** As it would be now. A supposed event has its position with a fraction, such as 7.001. */
  readonly job: Job;
  /** What each entry would do. */
  readonly steps: readonly JobStep[];
  /** For the steps that follow; `null` when there are none. */
  readonly nextCursor: string | null;
  /** Where the outcome first differs; `null` when it does not. */
  readonly firstDifference: {
    readonly logId: number;
    readonly eventType: string;
    /** `null` when the record has no such entry. */
    readonly actual: JobStanding | null;
    /** `null` when the entry is left out. */
    readonly whatIf: JobStanding | null;
    /** In a sentence. */
    readonly why: string;
  } | null;
  /** Whether all earlier events that another plan may expect were looked at. */
  readonly allPastEvents: boolean;
  /** What other limits would do, if some are supposed. */
  readonly limits?: SupposedLimits;
}

/** What an entry does to a job. */
export interface JobStep {
  /** Its position. */
  readonly logId: number;
  /** Of the entry. */
  readonly eventType: string;
  /** The row of the table of states that applies. */
  readonly rule: string;
  /** Each value of the job that it changes. */
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
  /** By the table of states. */
  readonly state: JobStateName;
  /** In more detail. */
  readonly condition: JobCondition;
  /** The row of that table that applied. */
  readonly rule: string;
}

/** What other limits of its type would do to a job. */
export interface SupposedLimits {
  /** Those that would be in force. */
  readonly limits: LimitValues;
  /**
   * Of a queued job, whether it would begin now; of one that has begun, whether it would have
   * waited less before.
   */
  readonly outcome: "begins" | "waits" | "sooner" | "noSooner" | "later";
  /** In a sentence. */
  readonly statement: string;
  /** What that rests on, with the entries. */
  readonly because: readonly {
    readonly statement: string;
    readonly cites: readonly { readonly logId: number; readonly eventType: string }[];
  }[];
  /** What is taken for granted, since it is not on record. */
  readonly assumes: readonly string[];
  /** Of a queued job, those that would begin before it, in order. */
  readonly behind?: readonly string[];
  /** Of one that has begun, how much less it would have waited, in milliseconds. */
  readonly lessMs?: { readonly least: number; readonly most: number };
}
