/** The index of ended jobs, as the engine uses it. */

import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobSummary } from "../core/job_summary.ts";
import type { JournalHead, KnownEntry } from "./ports.ts";
import type { Trail } from "./writer/trail.ts";
import type { JobCount, JobFilter, JobRange, ScanRange, Stop } from "./job_pages.ts";

/** The index cannot return what was put into it. The next start rebuilds it. */
export class IndexDamagedError extends Error {
  override readonly name = "IndexDamagedError";
}

export interface IndexInfo {
  readonly jobs: number;
  /** Ended jobs that stay in memory until the index has them. */
  readonly waiting: number;
}

/** Where an event id is recorded, by its hash. A hit is a candidate: reading the entry confirms it. */
export type IdRow = readonly [hash: number, logId: LogId];

/** An ended job, with the text by which searches find it. */
export interface EndedJob {
  readonly job: JobState;
  readonly summary: JobSummary;
  readonly trail: Trail;
  /** In lower case; the text that a search reads. */
  readonly text: string;
  /** Whether events from outside could have been meant for it. */
  readonly awaitsOutside: boolean;
  /** Where its newest retry was created. */
  readonly retriedAt: LogId | undefined;
  /** Whether the index had it before: it was put, and later brought back to memory. */
  readonly wasThere: boolean;
  /** Whether it stays in memory, and so does not count here until it is put again. */
  readonly isAwake: boolean;
}

/** A job that a scan found. The rest of an indexed job is read on demand. */
export interface FoundJob {
  readonly firstLogId: LogId;
  readonly condition: Condition;
  readonly type: string | null;
  /** Without `retriedBy`. */
  readonly summary: JobSummary;
  readonly job: JobState;
  /** Of an indexed job: where its newest retry was created, or `null`. */
  readonly retriedAt?: LogId | null;
}

/** The jobs of the index that were created at a time or later. */
export interface CreatedFrom {
  /** The position of the first; if there is none, the one after all. */
  readonly logId: LogId;
  readonly isThere: boolean;
}

/** Some jobs of the index, in the order of a scan. */
export interface IndexScan extends Iterable<FoundJob> {
  /** Where it stopped early; `undefined` when it looked at all jobs. */
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

export interface FoundFailures {
  readonly groups: readonly IndexedFailures[];
  /** Where the search stopped early; `undefined` when it did not. */
  readonly reach: Stop | undefined;
}

/**
 * Ended jobs, on disk instead of in memory. A cache of the journal: whatever is missing or wrong is
 * rebuilt from the lines. Each method returns at once. Those that read may throw an
 * `IndexDamagedError`.
 */
export interface JobIndex {
  /** How many jobs to put at a time, so that no request is delayed. */
  readonly batch: number;
  /**
   * The last entry of the job that ended last, up to a position; `undefined` without one, or if it
   * is not whole. Call it before `begin`.
   */
  known(upTo: LogId): KnownEntry | undefined;
  /** The newest point at which it was marked. Call it before `begin`. */
  point(): JournalHead | undefined;
  /**
   * Continues from a point at which it was marked, and removes what came later. With `undefined` it
   * removes everything. `false` when it does not know the point.
   */
  begin(point: JournalHead | undefined): boolean;
  /** The point from which it continued: it has all jobs and ids as of then. 0 if it was emptied. */
  readonly upTo: LogId;
  /**
   * Stores ended jobs and ids, which it may have already. `false` when the disk refuses; then
   * nothing is stored.
   */
  put(jobs: readonly EndedJob[], ids: readonly IdRow[]): boolean;
  /**
   * A job is in memory again, so it does not count here until it is put again.
   *
   * @throws {JournalFullError} when the disk has no room to note that.
   */
  wake(firstLogId: LogId): void;
  /**
   * The jobs it had lost at the beginning were put again. From now on it is given only a few at a
   * time.
   */
  made(): void;
  /** Marks that everything that ended up to a point is in it, so that a snapshot may rely on it. */
  mark(point: JournalHead): void;
  readonly conditions: ReadonlyMap<Condition, number>;
  job(jobId: JobId): JobState | undefined;
  trail(jobId: JobId): Trail | undefined;
  /** Where ids with this hash are recorded. Some positions may belong to entries that were lost. */
  idsOf(hash: number): readonly LogId[];
  /** The same, without `retriedBy`. */
  summaryAt(firstLogId: LogId): JobSummary | undefined;
  jobOfKey(idempotencyKey: string): JobId | undefined;
  /** Where the newest retry of a job was created. */
  retriedAt(jobId: JobId): LogId | undefined;
  /** `ms` is a time in milliseconds. Times ascend with positions, unless the clock was set. */
  createdFrom(ms: number): CreatedFrom;
  scan(filter: JobFilter, range: ScanRange): IndexScan;
  count(filter: JobFilter, range: JobRange): JobCount;
  failures(filter: JobFilter): FoundFailures;
  /** The jobs that failed last and were not retried; the latest comes last. */
  latestFailed(limit: number): readonly JobState[];
  /** The jobs that ended last and could have taken events from outside; the latest comes last. */
  latestAwaiting(limit: number): readonly JobState[];
  /** Jobs with a sealed input, even if its key is gone. */
  sealedIds(): readonly JobId[];
  /** Of these, the ones whose input is to be removed. */
  removableIds(): readonly JobId[];
}
