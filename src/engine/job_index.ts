/** The index of jobs that have ended: what the engine asks of it. */

import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobSummary } from "../core/job_summary.ts";
import type { JournalHead } from "./ports.ts";
import type { IdRow } from "./writer/id_rows.ts";
import type { Trail } from "./writer/trail.ts";
import type { JobCount, JobFilter, JobRange, ListQuery, Stop } from "./requests.ts";

/** The index cannot say what was put into it. The next start makes it again. */
export class IndexDamagedError extends Error {
  override readonly name = "IndexDamagedError";
}

/** How far the index is. */
export interface IndexInfo {
  /** Jobs in it. */
  readonly jobs: number;
  /** Jobs that have ended, and are in memory until it has them. */
  readonly waiting: number;
}

/** A job that has ended, with what it is found by. */
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
  /** Whether it was put before, and is awake. */
  readonly wasThere: boolean;
}

/** One that is found; of what is in the index, the rest is read only when it is asked for. */
export interface FoundJob {
  readonly firstLogId: LogId;
  readonly condition: Condition;
  /** Without `retriedBy`. */
  readonly summary: JobSummary;
  readonly job: JobState;
}

/** Some of the jobs in the index, in the order of a scan. */
export interface IndexScan extends Iterable<FoundJob> {
  /** Where it stopped before it had looked at all; `undefined` when it did not. */
  readonly reach: Stop | undefined;
}

/** The failures of one kind among the jobs in the index. */
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
 * The jobs that have ended, on disk instead of in memory. A cache of what the journal says:
 * whatever is missing or wrong is made again from the lines. Each method answers at once, and
 * those that read may throw an `IndexDamagedError`.
 */
export interface JobIndex {
  /** So many jobs are put at a time, off the way of every answer. */
  readonly batch: number;
  /**
   * Goes on as of a point at which it was marked, and forgets what came later; with
   * `undefined` it forgets everything. `false` when it does not know the point.
   */
  begin(point: JournalHead | undefined): boolean;
  /**
   * Takes in jobs that have ended, and ids, which it may have already; `false`, with nothing
   * taken, when the disk does not let it.
   */
  put(jobs: readonly EndedJob[], ids?: readonly IdRow[]): boolean;
  /** A job is in memory again, and counts here no more until it is put again. */
  wake(firstLogId: LogId): void;
  /** What it forgot at the beginning was put again: it takes what comes a little at a time. */
  made(): void;
  /** All that has ended up to a point is in it: a snapshot may rest on that. */
  mark(point: JournalHead): void;
  /** How many there are of each. */
  readonly conditions: ReadonlyMap<Condition, number>;
  job(jobId: JobId): JobState | undefined;
  createdAt(firstLogId: LogId): JobState | undefined;
  trail(jobId: JobId): Trail | undefined;
  /** Where ids of this hash are, or were in a journal that ended later. */
  idsOf(hash: number): readonly LogId[];
  /** The same, without `retriedBy`. */
  summaryAt(firstLogId: LogId): JobSummary | undefined;
  jobOfKey(idempotencyKey: string): JobId | undefined;
  /** Where the newest retry of a job was created. */
  retriedAt(jobId: JobId): LogId | undefined;
  scan(filter: JobFilter, range: JobRange & Pick<ListQuery, "oldestFirst">): IndexScan;
  count(filter: JobFilter, range: JobRange): JobCount;
  failures(filter: JobFilter): { groups: readonly IndexedFailures[]; reach: Stop | undefined };
  /** Those that failed last and were not retried; the last one comes last. */
  latestFailed(limit: number): readonly JobState[];
  /** Those that ended last and could have taken events from outside; the last one comes last. */
  latestAwaiting(limit: number): readonly JobState[];
  /** Those whose input is sealed, the ones whose key is gone included. */
  sealedIds(): readonly JobId[];
  /** Of these, the ones whose input is to be removed. */
  removableIds(): readonly JobId[];
}
