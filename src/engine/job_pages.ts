/** Lists of jobs: their filters, and the content of a page or a count. */

import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { LogId, TaskId } from "../core/ids.ts";
import type { JobState, StateName } from "../core/job_state.ts";
import type { FailureSummary, JobSummary } from "../core/job_summary.ts";
import type { Condition } from "../core/condition.ts";

/** Selects the jobs that meet all of these criteria. */
export interface JobFilter {
  readonly states?: readonly StateName[];
  readonly conditions?: readonly Condition[];
  readonly types?: readonly string[];
  /** The job must have all of them. */
  readonly labels?: readonly (readonly [name: string, value: string])[];
  /** RFC 3339, exclusive. */
  readonly createdAfter?: string;
  /** RFC 3339, exclusive. */
  readonly createdBefore?: string;
  /**
   * Words, each of which must occur in the id, the type, a label as `name:value`, or the name or
   * message of an error, ignoring case. A whole generated id finds only its job.
   */
  readonly search?: string;
  /** The fingerprint of the job's failure. */
  readonly fingerprint?: ErrorFingerprint;
  /** Whether a later job is a retry of it. */
  readonly retried?: boolean;
  /** Only jobs that have not ended, or have an entry after this position. */
  readonly continuesAfter?: LogId;
}

/** A range of all jobs by `firstLogId`, the order of lists. */
export interface JobRange {
  /** Only jobs that were created before the one with this position. */
  readonly before?: LogId;
  /** Only jobs that were created after the one with this position. */
  readonly after?: LogId;
}

export interface ListQuery extends JobFilter, JobRange {
  readonly limit: number;
  /** A limit on the size of the page, which ends once its jobs take about this many characters. */
  readonly charactersMax?: number;
  /** Starts with the oldest of the range; otherwise with the newest. */
  readonly oldestFirst?: boolean;
}

/** A range, where in it to begin, and how many jobs will be taken, if that is known. */
export type ScanRange = JobRange & Partial<Pick<ListQuery, "oldestFirst" | "limit">>;

/** How far a search got. One request looks at a bounded number of jobs. */
export interface Searched {
  /** How many jobs it looked at. */
  readonly jobs: number;
  /** `createdAt` of the last of them. */
  readonly backTo: string;
}

/** Where a search stopped before it had looked at all jobs. */
export interface Stop extends Searched {
  /** Pass this as `before`, or `after`, to continue. */
  readonly next: LogId;
}

/** A page of whole jobs, or of summaries. */
export interface ListPage<Job = JobState> {
  readonly jobs: readonly Job[];
  /** Pass this as `before`, or `after`, for the next page; absent on the last one. */
  readonly next?: LogId;
  /** Absent when the page is full, or all jobs were looked at. */
  readonly searched?: Searched;
}

/** How many jobs a filter applies to. */
export interface JobCount {
  readonly jobs: number;
  /** By condition; absent ones have none. */
  readonly conditions: ReadonlyMap<Condition, number>;
  /** Absent when all jobs were looked at. */
  readonly searched?: Searched;
}

/** Failures with one fingerprint. */
export interface FailureGroup {
  readonly fingerprint: ErrorFingerprint;
  readonly type: string | null;
  readonly taskId: TaskId | null;
  readonly jobs: number;
  /** How many of these jobs were retried. */
  readonly retried: number;
  /** Failed for good, and not retried yet. */
  readonly open: number;
  readonly newest: JobSummary;
  readonly oldest: JobSummary;
  /** The newest of these jobs. */
  readonly error: FailureSummary["error"];
}

export interface FailureGroups {
  /** The largest first. */
  readonly groups: readonly FailureGroup[];
  /** How many smaller groups were left out. */
  readonly more: number;
  /** Absent when all jobs were looked at. */
  readonly searched?: Searched;
}
