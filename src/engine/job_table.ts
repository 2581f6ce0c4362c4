/**
 * All jobs as projected from what is durable, and where the entries of each are. The
 * only writer is `apply`; everything here can be made again from the journal.
 */

import { type Condition, conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { sharedPlan } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import { project, type Step } from "../core/projector.ts";
import { EntryColumns } from "./entry_columns.ts";
import { type JobRecord, JobScan } from "./job_scan.ts";
import type { JobFilter, JobRange, ListQuery, Transition } from "./requests.ts";

/** What one entry did to its job. */
export interface Applied extends Step {
  readonly before: JobState | undefined;
  /** What the job was doing before and does now. */
  readonly conditionBefore: Condition | undefined;
  readonly condition: Condition;
  readonly entry: JobEventLogEntry;
}

export class JobTable {
  readonly #records = new Map<JobId, JobRecord>();
  /** In the order of creation. */
  readonly #order: JobRecord[] = [];
  readonly #byIdempotencyKey = new Map<string, JobId>();
  /** The newest retry of each job that was retried. */
  readonly #retries = new Map<JobId, JobId>();
  readonly columns: EntryColumns = new EntryColumns();

  get size(): number {
    return this.#records.size;
  }

  job(jobId: JobId): JobState | undefined {
    return this.#records.get(jobId)?.job;
  }

  /** @throws {TypeError} when there is no such job. */
  existing(jobId: JobId): JobState {
    const job = this.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  /** All jobs, oldest first. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** Positions of a job's entries after one, ascending, at most so many. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const job = this.job(jobId);
    return job === undefined ? [] : this.columns.chain(job.lastLogId, after, limit);
  }

  /** The last positions of a job's entries before one, ascending, at most so many. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    const job = this.job(jobId);
    return job === undefined ? [] : this.columns.chainBefore(job.lastLogId, before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.columns.transitionAt(logId);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** Projects one entry; `undefined` when it is about no job. */
  apply(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    const record = this.#records.get(entry.jobId);
    const before = record?.job;
    const conditionBefore = record?.condition;
    const { job, rule, matched } = project(before, entry);
    const condition = conditionOf(job);
    if (rule !== "any/already-applied") {
      this.columns.add(entry.logId, before?.lastLogId ?? 0);
      if (before?.state !== job.state || conditionBefore !== condition) {
        this.columns.changed(entry.logId, before?.state, job.state, condition);
      }
    }
    if (record === undefined) {
      this.#add({ job, condition });
    } else {
      record.job = job;
      record.condition = condition;
    }
    return { job, rule, matched, before, conditionBefore, condition, entry };
  }

  /** Takes over a job from a snapshot. */
  restore(job: JobState): void {
    const shared = { ...job, plan: sharedPlan(job.plan) };
    this.#add({ job: shared, condition: conditionOf(job) });
  }

  /** Every job, oldest first, as it is now. */
  capture(): readonly JobState[] {
    return this.#order.map((record) => record.job);
  }

  /** The job that was created by the entry at a position. */
  createdAt(firstLogId: LogId): JobState | undefined {
    const job = this.#order[this.#indexBefore(firstLogId + 1)]?.job;
    return job?.firstLogId === firstLogId ? job : undefined;
  }

  /** The newest job that is a retry of this one. */
  retryOf(jobId: JobId): JobId | undefined {
    return this.#retries.get(jobId);
  }

  /** The jobs of a range that a filter applies to, the newest first unless it says otherwise. */
  scan(
    filter: JobFilter,
    { before, after = 0, oldestFirst = false }: JobRange & Pick<ListQuery, "oldestFirst"> = {},
  ): JobScan {
    const newest = before === undefined ? this.#order.length - 1 : this.#indexBefore(before);
    const oldest = this.#indexBefore(after + 1) + 1;
    const records = { order: this.#order, retries: this.#retries };
    return new JobScan(records, { newest, oldest, oldestFirst }, filter);
  }

  /** Whether a filter applies to a job as it is now. */
  isAmong(filter: JobFilter, jobId: JobId): boolean {
    const record = this.#records.get(jobId);
    return record !== undefined && this.scan(filter).applies(record);
  }

  /** The entry that brought a job into its condition. */
  lastTransition({ lastLogId, firstLogId }: JobState): LogId {
    let logId = lastLogId;
    while (logId > firstLogId && this.transitionAt(logId) === undefined) {
      logId = this.columns.before(logId);
    }
    return logId;
  }

  #add(record: JobRecord): void {
    const { job } = record;
    this.#records.set(job.jobId, record);
    this.#order.push(record);
    if (job.idempotency !== undefined) {
      this.#byIdempotencyKey.set(job.idempotency.key, job.jobId);
    }
    if (job.retryOf !== undefined) this.#retries.set(job.retryOf, job.jobId);
  }

  /** The index of the newest job that was created before a position; -1 when there is none. */
  #indexBefore(before: LogId): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.job.firstLogId ?? Infinity) < before) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
