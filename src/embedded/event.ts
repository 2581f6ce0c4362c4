/** Events from outside, as a program that has Daybook inside delivers them. */

import type { JsonObject } from "../core/json.ts";
import type { JobStateName } from "./job.ts";

/** An event from outside, to be recorded. */
export interface DeliveredEvent {
  /** A dotted name in the past tense, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** Its data. Default: `{}`. */
  readonly attributes?: JsonObject;
  /**
   * 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`. A second event with the same id changes
   * nothing, so use the sender's own id to make delivery repeatable. Default: a new id.
   */
  readonly eventId?: string;
  /** When it happened, RFC 3339. Default: now. */
  readonly occurredAt?: string;
  /** The only job it is for. If absent, it reaches every job that expects it. */
  readonly jobId?: string;
  /** The task it is about. */
  readonly taskId?: string;
}

/** The outcome of one event, which is now on disk. */
export interface EventReceipt {
  /** The id it is recorded under. */
  readonly eventId: string;
  /** Its position in the journal; for a duplicate, that of the first delivery. */
  readonly logId: number;
  /**
   * `matched`: it affected a job. `recorded`: it affected none. `duplicate`: its id is on record.
   */
  readonly disposition: "matched" | "recorded" | "duplicate";
  /** The outcome for each job it reached, up to a limit. */
  readonly jobs: readonly EventReceiptJob[];
  /** How many more jobs it reached than are listed. */
  readonly more?: number;
  /** Why it matched nothing, and the nearest expectation, in words. */
  readonly reason?: string;
}

/** The outcome of one event for one job. */
export interface EventReceiptJob {
  /** The job it reached. */
  readonly jobId: string;
  /** The state of the job after the event. */
  readonly state: JobStateName;
  /** The expectation it matched. */
  readonly expectation?: string;
  /** How many events have matched the expectation. */
  readonly matched?: number;
  /** How many are required. */
  readonly required?: number;
  /** Why it did not count, or what it did instead, in words. */
  readonly reason?: string;
}
