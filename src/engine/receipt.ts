/** What became of an event from outside. */

import type { EventId, JobId, LogId } from "../core/ids.ts";
import type { PolicyRole } from "../core/job_plan.ts";
import type { StateName } from "../core/job_state.ts";
import type { LimitReached } from "./events/delivery_limits.ts";
import type { Mismatch } from "../explain/mismatch.ts";

/** What one event did to one job. */
export interface ReceiptJob {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The expectation that it matched, with its count after the event. */
  readonly expectation?: string;
  readonly matched?: number;
  readonly required?: number;
  /** Why it did not count, or did something else. */
  readonly reason?: string;
}

interface NearestFacts {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The clauses that the event fails, or why the job does not take it, or not yet. */
  readonly reason: string;
  /** The clauses that the event fails, at most 10; empty when only the time was wrong. */
  readonly clauses: readonly Mismatch[];
}

/**
 * What an event almost matched: an expectation, by its id in the plan of the job; or an event that
 * the policy of the job names, by its effect: `errors` fail the job, and `succeeded` and `failed`
 * end its compensation.
 */
export type NearestExpectation =
  | NearestFacts & { readonly expectation: string; readonly policy?: undefined }
  | NearestFacts & { readonly policy: PolicyRole; readonly expectation?: undefined };

export interface Receipt {
  readonly eventId: EventId;
  /** Of the first delivery, when the id was on record. Otherwise absent when rejected. */
  readonly logId?: LogId;
  /**
   * `matched`: it did something to a job. `recorded`: it is in the journal, and changed no job.
   * `duplicate`: it was there before. `rejected`: it is not in the journal, or only as a
   * `journal.EventRefused`.
   */
  readonly disposition: "matched" | "recorded" | "duplicate" | "rejected";
  readonly jobs: readonly ReceiptJob[];
  /** How many more jobs the event reached than `jobs` names. */
  readonly more?: number;
  /** Why it was rejected, or matched nothing; each of `jobs` has its own. */
  readonly reason?: string;
  /** Of an event that matched nothing: what it came nearest to. */
  readonly nearest?: NearestExpectation;
  /** The limit that alone caused the rejection, so that the event may be sent again. */
  readonly limit?: LimitReached;
}
