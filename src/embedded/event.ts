/** Events as a program delivers them that has Daybook inside, and what became of them. */

import type { JsonObject } from "../core/json.ts";
import type { JobStateName } from "./job.ts";

/** A fact from outside the jobs, to be recorded. */
export interface DeliveredEvent {
  /** A dotted name in the past tense, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** What it says. Default `{}`. */
  readonly attributes?: JsonObject;
  /**
   * 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`. A second event with the same id changes
   * nothing: bring the sender's own, so that it may deliver twice. Default a new one.
   */
  readonly eventId?: string;
  /** When it happened: RFC 3339. Default now. */
  readonly occurredAt?: string;
  /** The one job that it is for. Without it, it reaches every job that expects it. */
  readonly jobId?: string;
  /** The step that it is about. */
  readonly taskId?: string;
}

/** What one event did. It is on disk by now. */
export interface EventReceipt {
  /** The id under which it is recorded. */
  readonly eventId: string;
  /** Its position in the journal; of the first delivery, when this is a duplicate. */
  readonly logId: number;
  /** `matched`: it did something to a job. `recorded`: to none. `duplicate`: it came before. */
  readonly disposition: "matched" | "recorded" | "duplicate";
  /** What it did to each job that it reached, as far as they are listed. */
  readonly jobs: readonly EventReceiptJob[];
  /** How many more there would be, were all of them listed. */
  readonly more?: number;
  /** In words: why it matched nothing, and what it came nearest to. */
  readonly reason?: string;
}

/** What one event did to one job. */
export interface EventReceiptJob {
  /** The job that it reached. */
  readonly jobId: string;
  /** Of the job, after the event. */
  readonly state: JobStateName;
  /** The expectation that it matched. */
  readonly expectation?: string;
  /** How many have matched that by now. */
  readonly matched?: number;
  /** How many it takes. */
  readonly required?: number;
  /** In words: why it counted for nothing, or did something else than to count. */
  readonly reason?: string;
}
