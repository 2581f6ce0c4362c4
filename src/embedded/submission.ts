/** Jobs, as a program that has Daybook inside submits them. */

import type { JobStateName } from "./job.ts";
import type { Issue } from "./refused_error.ts";

/** Options of a submission. */
export interface SubmitOptions {
  /** 1 to 128 characters of `A-Z a-z 0-9 . _ : ~ -`. An id that is in use is refused. */
  readonly jobId?: string;
  /**
   * 1 to 255 visible ASCII characters. Submitting the same job again with the same key returns the
   * existing job.
   */
  readonly idempotencyKey?: string;
  /** -1000 to 1000; lower runs first. Default: 0. */
  readonly priority?: number;
  /** Up to 32 labels, to find the job by. */
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339; at most `max-start-delay` (15 minutes) from now. */
  readonly startAt?: string;
  /** `false` only creates the job; `POST /jobs/:id/start` starts it. Default: `true`. */
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
   * `duplicate`: its key was used before, for the same content. `rejected`: nothing was recorded.
   */
  readonly disposition: "created" | "duplicate" | "rejected";
  /** The state of the job, if it was created. */
  readonly state?: JobStateName;
  /** Why it was rejected, as `RefusedError.kind` says it. */
  readonly kind?: string;
  /** The same as a sentence. */
  readonly reason?: string;
  /** What is wrong with the job; pointers begin with its index, as in `/3/input`. */
  readonly errors?: readonly Issue[];
}
