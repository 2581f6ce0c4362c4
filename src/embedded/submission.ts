/** Jobs that an embedding program submits, and events that it delivers. */

import type { JobStateName } from "./job.ts";
import type { Issue } from "./refused_error.ts";
import type { JsonObject } from "../core/json.ts";

/** Options of a submission. */
export interface SubmitOptions {
  /** 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`. An id in use is refused. */
  readonly jobId?: string;
  /**
   * 1 to 255 visible ASCII characters. Submitting the same job again with the same key returns the
   * existing job.
   */
  readonly idempotencyKey?: string;
  /** -1000 to 1000; lower runs first. Default: 0. */
  readonly priority?: number;
  /** Up to 32 labels, by which the job can be found. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When to start (RFC 3339); at most `max-start-delay` (15 minutes) from now. */
  readonly startAt?: string;
  /**
   * `false` creates the job without starting it; the control `start` starts it. Default: `true`.
   */
  readonly start?: boolean;
}

/** One job of a `submitAll` call. */
export interface SubmittedJob<Input> extends SubmitOptions {
  /** Typed by the definition's schema, and checked against it. */
  readonly input: Input;
}

/** The outcome for one job of a `submitAll` call. */
export interface JobReceipt {
  /** `null` if the job was rejected and had no id. */
  readonly jobId: string | null;
  /**
   * `duplicate`: its key was already used, for the same content. `rejected`: nothing was recorded.
   */
  readonly disposition: "created" | "duplicate" | "rejected";
  /** The state of the job, if it was created. */
  readonly state?: JobStateName;
  /** Why the job was rejected: a value of `RefusedError.kind`. */
  readonly kind?: string;
  /** Why the job was rejected, as a sentence. */
  readonly reason?: string;
  /** The errors in the job; pointers begin with its index, as in `/3/input`. */
  readonly errors?: readonly Issue[];
}

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
