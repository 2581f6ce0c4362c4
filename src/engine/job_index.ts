/** The index of ended jobs, as the engine uses it. */

import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobSummary } from "../core/job_summary.ts";
import type { JournalHead } from "./ports.ts";
import type { IdRow } from "./writer/id_rows.ts";
import type { Trail } from "./writer/trail.ts";
import type { JobCount, JobFilter, JobRange, ListQuery, Stop } from "./job_pages.ts";

/** The index cannot return what was put into it. The next start rebuilds it. */
export class IndexDamagedError extends Error {
  override readonly name = "IndexDamagedError";
}

export interface IndexInfo {
  readonly jobs: number;
  /** Ended jobs that stay in memory until the index has them. */
  readonly waiting: number;
}

/** An ended job, with the text it is found by. */
export interface EndedJob {
  readonly job: JobState;
  readonly summary: JobSummary;
  readonly trail: Trail;
  /** In lower case; what a search looks through. */
  readonly text: string;
  /** Whether events from outside could have been for it. */
  readonly awaitsOutside: boolean;
  /** Where its newest retry was created. */
  readonly retriedAt: LogId | undefined;
  /** Whether it was put before, and has been brought back since. */
  readonly wasThere: boolean;
}

/** A job that a scan found; the rest of an indexed one is read only when needed. */
export interface FoundJob {
  readonly firstLogId: LogId;
  readonly condition: Condition;
  /** Without `retriedBy`. */
  readonly summary: JobSummary;
  readonly job: JobState;
}

/** Some of the jobs in the index, in the order of a scan. */
export interface IndexScan extends Iterable<FoundJob> {
  /** Where it stopped early; `undefined` when it looked at all. */
  readonly reach: Stop | undefined;
}

export interface IndexedFailures {
  readonly fingerprint: ErrorFingerprint;
  readonly jobs: number;
  readonly retried: number;
  readonly open: number;
  /** Where the newest and the oldest of these jobs were created. */
  readonly newest: LogId;
  readonly oldest: LogId;
}

/**
 * Ended jobs, on disk instead of in memory. A cache of the journal: whatever is missing or wrong is
 * rebuilt from the lines. Each method returns at once, and those that read may throw an
 * `IndexDamagedError`.
 */
export interface JobIndex {
  /** How many jobs to put at a time, so that no answer is delayed. */
  readonly batch: number;
  /**
   * Continues from a point at which it was marked, and forgets what came later; with `undefined` it
   * forgets everything. `false` when it does not know the point.
   */
  begin(point: JournalHead | undefined): boolean;
  /**
   * Stores ended jobs, and ids, which it may have already; `false`, and nothing is stored, when the
   * disk refuses.
   */
  put(jobs: readonly EndedJob[], ids?: readonly IdRow[]): boolean;
  /** A job is in memory again, and does not count here until it is put again. */
  wake(firstLogId: LogId): void;
  /** What it forgot at the beginning was put again: from now on it takes a little at a time. */
  made(): void;
  /** Everything that ended up to a point is in it, so that a snapshot may rely on it. */
  mark(point: JournalHead): void;
  readonly conditions: ReadonlyMap<Condition, number>;
  job(jobId: JobId): JobState | undefined;
  createdAt(firstLogId: LogId): JobState | undefined;
  trail(jobId: JobId): Trail | undefined;
  /** Where ids with this hash are, or were in a journal that ended later. */
  idsOf(hash: number): readonly LogId[];
  /** The same, without `retriedBy`. */
  summaryAt(firstLogId: LogId): JobSummary | undefined;
  jobOfKey(idempotencyKey: string): JobId | undefined;
  /** Where the newest retry of a job was created. */
  retriedAt(jobId: JobId): LogId | undefined;
  scan(filter: JobFilter, range: JobRange & Pick<ListQuery, "oldestFirst">): IndexScan;
  count(filter: JobFilter, range: JobRange): JobCount;
  failures(filter: JobFilter): { groups: readonly IndexedFailures[]; reach: Stop | undefined };
  /** Those that failed last and were not retried; the latest comes last. */
  latestFailed(limit: number): readonly JobState[];
  /** Those that ended last and could have taken events from outside; the latest comes last. */
  latestAwaiting(limit: number): readonly JobState[];
  /** Jobs with a sealed input, even if its key is gone. */
  sealedIds(): readonly JobId[];
  /** Of these, the ones whose input is to be removed. */
  removableIds(): readonly JobId[];
}
