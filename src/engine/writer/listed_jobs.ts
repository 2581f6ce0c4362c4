/** Lists all jobs, in memory and in the index, in order of creation. */

import type { JobId, LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { FoundJob, JobIndex } from "../job_index.ts";
import { JobScan } from "../queries/job_scan.ts";
import { MergedScan } from "../queries/merged_scan.ts";
import type { JobFilter, ScanRange } from "../job_pages.ts";
import type { JobOrder } from "./job_order.ts";
import type { JobRecord } from "./job_record.ts";

type Retry = Pick<JobState, "jobId" | "firstLogId">;

export class ListedJobs {
  readonly #order: JobOrder;
  readonly #records: ReadonlyMap<JobId, JobRecord>;
  readonly #index: JobIndex | undefined;
  /** The newest retries that are not in the index rows of the retried jobs yet. */
  readonly #retries = new Map<JobId, Retry>();

  constructor(
    order: JobOrder,
    records: ReadonlyMap<JobId, JobRecord>,
    index: JobIndex | undefined,
  ) {
    this.#order = order;
    this.#records = records;
    this.#index = index;
  }

  /** The job created by the entry at a position. */
  createdAt(firstLogId: LogId): JobState | undefined {
    return this.#order.createdAt(firstLogId)?.job ?? this.#index?.createdAt(firstLogId);
  }

  retryOf(jobId: JobId): JobId | undefined {
    const retry = this.#retries.get(jobId);
    if (retry !== undefined) return retry.jobId;
    const record = this.#records.get(jobId);
    if (record !== undefined && !isTerminal(record.head)) return undefined;
    const retriedAt = this.#index?.retriedAt(jobId);
    return retriedAt === undefined ? undefined : this.#idAt(retriedAt);
  }

  /** The position at which the newest retry of a job was created. */
  retriedAt(jobId: JobId): LogId | undefined {
    return this.#retries.get(jobId)?.firstLogId ?? this.#index?.retriedAt(jobId);
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

  summary({ summary }: Pick<FoundJob, "summary">): JobSummary {
    return this.#withRetry(summary);
  }

  /** The jobs in a range that match a filter, newest first by default. */
  scan(filter: JobFilter, range: ScanRange = {}): JobScan | MergedScan {
    const inMemory = this.scanMemory(filter, range);
    if (this.#index === undefined) return inMemory;
    const indexed = this.#index.scan(filter, range);
    return new MergedScan(inMemory, indexed, range.oldestFirst ?? false);
  }

  /** Like `scan`, for the jobs in memory only. */
  scanMemory(
    filter: JobFilter,
    { before, after = 0, oldestFirst = false }: ScanRange = {},
  ): JobScan {
    const newest = before === undefined ? this.#order.end - 1 : this.#order.indexBefore(before);
    const oldest = this.#order.indexBefore(after + 1) + 1;
    const isRetried = (jobId: JobId) => this.retryOf(jobId) !== undefined;
    return new JobScan(
      { order: this.#order, isRetried },
      { newest, oldest, oldestFirst },
      filter,
    );
  }

  /** Whether the job created at a position now matches a filter. */
  isAmong(filter: JobFilter, firstLogId: LogId): boolean {
    const record = this.#order.createdAt(firstLogId);
    if (record !== undefined) return this.scanMemory(filter).applies(record);
    const range = { after: firstLogId - 1, before: firstLogId + 1 };
    return this.#index?.scan(filter, range)[Symbol.iterator]().next().done === false;
  }

  #summaryOf(firstLogId: LogId): JobSummary | undefined {
    return this.#order.createdAt(firstLogId)?.summary ?? this.#index?.summaryAt(firstLogId);
  }

  #idAt(firstLogId: LogId): JobId | undefined {
    const record = this.#order.createdAt(firstLogId);
    return record?.shownHead.jobId ?? this.#index?.summaryAt(firstLogId)?.jobId;
  }

  #withRetry(summary: JobSummary): JobSummary {
    const retriedBy = summary.state === "Failed" ? this.retryOf(summary.jobId) : undefined;
    return retriedBy === undefined ? summary : { ...summary, retriedBy };
  }
}
