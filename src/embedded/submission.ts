/** Jobs that an embedding program submits. */

import type { JobStateName } from "./job.ts";
import type { Issue } from "./refused_error.ts";

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
