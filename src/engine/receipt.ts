/** The receipt of an event from outside. */

import type { EventId, JobId, LogId } from "../core/ids.ts";
import type { PolicyRole } from "../core/job_plan.ts";
import type { StateName } from "../core/job_state.ts";
import type { LimitReached } from "./events/delivery_limits.ts";
import type { Mismatch } from "../explain/mismatch.ts";

/** The effect of an event on one job. */
export interface ReceiptJob {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The expectation that it matched, with its count after the event. */
  readonly expectation?: string;
  readonly matched?: number;
  readonly required?: number;
  /** Why it did not count, or had another effect. */
  readonly reason?: string;
}

interface NearestFacts {
  readonly jobId: JobId;
  readonly state: StateName;
  /** The clauses that the event fails, or why the job does not accept it, or not yet. */
  readonly reason: string;
  /** The clauses that the event fails, at most 10; empty when only the time or the job was wrong. */
  readonly clauses: readonly Mismatch[];
}

/**
 * What an event almost matched: an expectation, by its id in the plan of the job; or an event named
 * in the job's policy, by its effect. `errors` fail the job; `succeeded` and `failed` end its
 * compensation.
 */
export type NearestExpectation =
  | NearestFacts & { readonly expectation: string; readonly policy?: undefined }
  | NearestFacts & { readonly policy: PolicyRole; readonly expectation?: undefined };

export interface Receipt {
  readonly eventId: EventId;
  /**
   * The position of the first delivery when the id was on record. Otherwise absent when rejected.
   */
  readonly logId?: LogId;
  /**
   * `matched`: it had an effect on a job. `recorded`: it is in the journal, and changed no job.
   * `duplicate`: it was recorded before. `rejected`: it is not in the journal, or only as a
   * `journal.EventRefused`.
   */
  readonly disposition: "matched" | "recorded" | "duplicate" | "rejected";
  readonly jobs: readonly ReceiptJob[];
  /** How many jobs the event reached besides those in `jobs`. */
  readonly more?: number;
  /**
   * Why it was rejected or matched nothing, or which job expects it instead of the one that it
   * names; each of `jobs` has its own reason.
   */
  readonly reason?: string;
  /**
   * What an event that matched nothing came nearest to: for an event that names a job, what another
   * job expects of it comes first.
   */
  readonly nearest?: NearestExpectation;
  /** The limit that alone caused the rejection, so that the event may be sent again. */
  readonly limit?: LimitReached;
}
