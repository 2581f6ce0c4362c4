/** Events that an embedding program delivers. */

import type { JsonObject } from "../core/json.ts";
import type { JobStateName } from "./job.ts";

/** An event from outside, to be recorded. */
export interface DeliveredEvent {
  /** A dotted name in the past tense, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** The data of the event. Default: `{}`. */
  readonly attributes?: JsonObject;
  /**
   * 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`. A second event with the same id changes
   * nothing, so use the sender's id to make delivery repeatable. Default: a new id.
   */
  readonly eventId?: string;
  /** When the event happened (RFC 3339). Default: now. */
  readonly occurredAt?: string;
  /** The only job that the event is for. If absent, it reaches every job that expects it. */
  readonly jobId?: string;
  /** The task that the event is about. */
  readonly taskId?: string;
}

/** The outcome of one event, which is now on disk. */
export interface EventReceipt {
  /** The id of the recorded event. */
  readonly eventId: string;
  /** The position in the journal; for a duplicate, that of the first delivery. */
  readonly logId: number;
  /**
   * `matched`: the event affected a job. `recorded`: it affected none. `duplicate`: its id is
   * already on record.
   */
  readonly disposition: "matched" | "recorded" | "duplicate";
  /** The outcome for each job that the event reached, up to a limit. */
  readonly jobs: readonly EventReceiptJob[];
  /** How many more jobs the event reached. */
  readonly more?: number;
  /** Why the event matched nothing, with the nearest expectation. */
  readonly reason?: string;
}

/** The outcome of one event for one job. */
export interface EventReceiptJob {
  /** The job that the event reached. */
  readonly jobId: string;
  /** The state of the job after the event. */
  readonly state: JobStateName;
  /** The expectation that the event matched. */
  readonly expectation?: string;
  /** How many events have matched the expectation. */
  readonly matched?: number;
  /** How many the expectation needs. */
  readonly required?: number;
  /** Why the event did not count, or what it did instead. */
  readonly reason?: string;
}
