/** Lists all jobs, in memory and in the index, in order of creation. */

import type { JobId, LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { FoundJob, IndexScan, JobIndex } from "../job_index.ts";
import { JobScan } from "./job_scan.ts";
import type { JobFilter, ScanRange, Stop } from "../job_pages.ts";
import type { JobOrder } from "./job_order.ts";
import type { JobRecord } from "./job_record.ts";

/** How many retries of retries are followed. */
const RETRIES_MAX = 100;

type Retry = Pick<JobState, "jobId" | "firstLogId">;

export class ListedJobs {
  /** The newest retries that are not in the index rows of the retried jobs yet. */
  readonly #retries = new Map<JobId, Retry>();

  constructor(
    private readonly order: JobOrder,
    private readonly records: ReadonlyMap<JobId, JobRecord>,
    private readonly index: JobIndex | undefined,
  ) {}

  retryOf(jobId: JobId): JobId | undefined {
    const retry = this.#retries.get(jobId);
    if (retry !== undefined) return retry.jobId;
    const record = this.records.get(jobId);
    if (record !== undefined && !isTerminal(record.head)) return undefined;
    const retriedAt = this.index?.retriedAt(jobId);
    return retriedAt === undefined ? undefined : this.#idAt(retriedAt);
  }

  /** The newest retry of a job, or of its retries; `undefined` if it was not retried. */
  newestRetryOf(jobId: JobId): JobId | undefined {
    let newest: JobId | undefined;
    for (let hops = 0; hops < RETRIES_MAX; hops++) {
      const next = this.retryOf(newest ?? jobId);
      if (next === undefined) break;
      newest = next;
    }
    return newest;
  }

  /** The position at which the newest retry of a job was created. */
  retriedAt(jobId: JobId): LogId | undefined {
    return this.#retries.get(jobId)?.firstLogId ?? this.index?.retriedAt(jobId);
  }

  retried(retryOf: JobId, { jobId, firstLogId }: Retry): void {
    this.#retries.set(retryOf, { jobId, firstLogId });
  }

  /** A job has left memory. Its index row contains its retry. */
  left(jobId: JobId): void {
    this.#retries.delete(jobId);
  }

  /** The summary of the job created by the entry at a position. */
  summaryAt(firstLogId: LogId): JobSummary | undefined {
    const summary = this.#summaryOf(firstLogId);
    return summary && this.#withRetry(summary);
  }

  summary({ summary, retriedAt }: Pick<FoundJob, "summary" | "retriedAt">): JobSummary {
    const isNeverRetried = retriedAt === null && !this.#retries.has(summary.jobId);
    return isNeverRetried ? summary : this.#withRetry(summary);
  }

  /** The jobs in a range that match a filter, newest first by default. */
  scan(filter: JobFilter, range: ScanRange = {}): JobScan | MergedScan {
    const inMemory = this.scanMemory(filter, range);
    if (this.index === undefined) return inMemory;
    const indexed = this.index.scan(filter, range);
    return new MergedScan(inMemory, indexed, range.oldestFirst ?? false);
  }

  /** Like `scan`, for the jobs in memory only. */
  scanMemory(
    filter: JobFilter,
    { before, after = 0, oldestFirst = false }: ScanRange = {},
  ): JobScan {
    const newest = before === undefined ? this.order.end - 1 : this.order.indexBefore(before);
    const oldest = this.order.indexBefore(after + 1) + 1;
    const isRetried = (jobId: JobId) => this.retryOf(jobId) !== undefined;
    return new JobScan({ order: this.order, isRetried }, { newest, oldest, oldestFirst }, filter);
  }

  /** Whether the job created at a position now matches a filter. */
  isAmong(filter: JobFilter, firstLogId: LogId): boolean {
    const record = this.order.createdAt(firstLogId);
    if (record !== undefined) return this.scanMemory(filter).applies(record);
    const range = { after: firstLogId - 1, before: firstLogId + 1 };
    return this.index?.scan(filter, range)[Symbol.iterator]().next().done === false;
  }

  #summaryOf(firstLogId: LogId): JobSummary | undefined {
    return this.order.createdAt(firstLogId)?.summary ?? this.index?.summaryAt(firstLogId);
  }

  #idAt(firstLogId: LogId): JobId | undefined {
    const record = this.order.createdAt(firstLogId);
    return record?.shownHead.jobId ?? this.index?.summaryAt(firstLogId)?.jobId;
  }

  #withRetry(summary: JobSummary): JobSummary {
    const retriedBy = summary.state === "Failed" ? this.retryOf(summary.jobId) : undefined;
    return retriedBy === undefined ? summary : { ...summary, retriedBy };
  }
}

/**
 * The jobs in memory and in the index together. Both are read in one turn of the event loop, so
 * that a job that moves from one to the other appears once.
 */
class MergedScan implements Iterable<FoundJob> {
  constructor(
    private readonly inMemory: JobScan,
    private readonly indexed: IndexScan,
    private readonly oldestFirst: boolean,
  ) {}

  /** Where it stopped early; `undefined` when it did not. */
  get reach(): Stop | undefined {
    const [one, other] = [this.inMemory.reach, this.indexed.reach];
    if (one === undefined || other === undefined) return one ?? other;
    const nearer = this.#isBefore(one.next, other.next) ? one : other;
    return { ...nearer, jobs: one.jobs + other.jobs };
  }

  /** Leaves out what is beyond the place where either of the two stopped. */
  *[Symbol.iterator](): Iterator<FoundJob> {
    const inMemory: Iterator<FoundJob> = this.inMemory[Symbol.iterator]();
    const indexed = this.indexed[Symbol.iterator]();
    let [one, other] = [inMemory.next(), indexed.next()];
    while (!one.done || !other.done) {
      const isFirst = other.done ||
        (!one.done && this.#isBefore(one.value.firstLogId, other.value.firstLogId));
      const next = isFirst ? one : other;
      if (next.done) return;
      const reach = (isFirst ? this.indexed : this.inMemory).reach;
      if (reach !== undefined && this.#isBefore(reach.next, next.value.firstLogId)) return;
      yield next.value;
      if (isFirst) one = inMemory.next();
      else other = indexed.next();
    }
  }

  #isBefore(one: number, other: number): boolean {
    return this.oldestFirst ? one < other : one > other;
  }
}
