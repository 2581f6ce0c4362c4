/**
 * All jobs as projected from what was appended and from what is durable, and where the
 * entries of each are; everything here can be made again from the journal.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { sharedPlan } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { EntryColumns } from "./entry_columns.ts";
import type { Applied } from "../../core/job_fold.ts";
import { JobRecord, type PendingJob } from "./job_record.ts";
import { JobScan } from "../queries/job_scan.ts";
import type { JobFilter, JobRange, ListQuery, Transition } from "../requests.ts";

export class JobTable {
  readonly #records = new Map<JobId, JobRecord>();
  /** Those that are durable, in the order of creation. */
  readonly #order: JobRecord[] = [];
  readonly #byIdempotencyKey = new Map<string, JobId>();
  /** The newest retry of each job that was retried. */
  readonly #retries = new Map<JobId, JobId>();
  readonly columns: EntryColumns = new EntryColumns();
  #unfinished = 0;
  #unfinishedBytes = 0;

  get size(): number {
    return this.#order.length;
  }

  /** Jobs that have not ended, those that are on their way to the disk included. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** What they hold, by the size of its text. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** The job as of what is durable. */
  job(jobId: JobId): JobState | undefined {
    const record = this.#records.get(jobId);
    return record === undefined || !record.isVisible ? undefined : record.job;
  }

  /** The same; its `tasks` are incomplete and must not be read. */
  head(jobId: JobId): JobState | undefined {
    const record = this.#records.get(jobId);
    return record?.isVisible === true ? record.shownHead : undefined;
  }

  /** @throws {TypeError} when there is no such job. */
  existing(jobId: JobId): JobState {
    const job = this.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  /** The job with all that was appended: what commands are decided on. */
  pending(jobId: JobId): PendingJob | undefined {
    return this.#records.get(jobId);
  }

  /** All jobs, oldest first. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** Positions of a job's entries after one, ascending, at most so many. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const record = this.#records.get(jobId);
    return record === undefined ? [] : this.columns.chain(record, after, limit);
  }

  /** The last positions of a job's entries before one, ascending, at most so many. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    const record = this.#records.get(jobId);
    return record === undefined ? [] : this.columns.chainBefore(record, before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.columns.transitionAt(logId);
  }

  /** The job that was appended under this key. */
  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** Projects an entry that was appended; `undefined` when it is about no job. */
  append(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    let record = this.#records.get(entry.jobId);
    if (record === undefined) {
      record = new JobRecord();
      const applied = record.append(entry); // Throws when the job was not created.
      this.#records.set(entry.jobId, record);
      this.#noteKey(applied.job);
      this.#count(record, 1);
      return applied;
    }
    const sizeBefore = record.size;
    const applied = record.append(entry);
    this.#unfinishedBytes += record.size - sizeBefore;
    if (hasJustEnded(applied)) this.#count(record, -1);
    return applied;
  }

  /** An entry has become durable: what it did to its job is shown from now on. */
  show(applied: Applied): void {
    const { entry, before, job, rule, conditionBefore, condition } = applied;
    const record = this.#records.get(job.jobId);
    if (record === undefined) return;
    if (!record.isVisible) this.#list(record, job);
    record.show();
    if (rule === "any/already-applied") return;
    this.columns.add(entry.logId, before?.lastLogId ?? 0);
    if (before?.state !== job.state || conditionBefore !== condition) {
      this.columns.changed(entry.logId, before?.state, job.state, condition);
    }
  }

  /** An entry was lost on its way to the disk; those that came later were taken back before. */
  takeBack(applied: Applied): void {
    const { jobId, idempotency } = applied.job;
    const record = this.#records.get(jobId);
    if (record === undefined) return;
    if (hasJustEnded(applied)) this.#count(record, 1);
    const sizeBefore = record.size;
    record.takeBack();
    this.#unfinishedBytes += record.size - sizeBefore;
    if (applied.before !== undefined) return;
    this.#records.delete(jobId);
    this.#count(record, -1);
    if (idempotency !== undefined) this.#byIdempotencyKey.delete(idempotency.key);
  }

  /** Projects an entry that is durable already. */
  apply(entry: JobEventLogEntry): Applied | undefined {
    const applied = this.append(entry);
    if (applied !== undefined) this.show(applied);
    return applied;
  }

  /** Takes over a job from a snapshot. */
  restore(job: JobState): void {
    const shared = { ...job, plan: sharedPlan(job.plan) };
    const record = new JobRecord(shared);
    this.#records.set(job.jobId, record);
    this.#noteKey(shared);
    this.#list(record, shared);
    if (!isTerminal(job)) this.#count(record, 1);
  }

  /** Every job, oldest first, as it is now. */
  capture(): readonly JobState[] {
    return this.#order.map((record) => record.job);
  }

  /** The job that was created by the entry at a position. */
  createdAt(firstLogId: LogId): JobState | undefined {
    const record = this.#order[this.#indexBefore(firstLogId + 1)];
    return record?.firstLogId === firstLogId ? record.job : undefined;
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
    return record !== undefined && record.isVisible && this.scan(filter).applies(record);
  }

  /** The entry that brought a job into its condition. */
  lastTransition({ lastLogId, firstLogId }: JobState): LogId {
    let logId = lastLogId;
    while (logId > firstLogId && this.transitionAt(logId) === undefined) {
      logId = this.columns.before(logId);
    }
    return logId;
  }

  /** A job is unfinished from now on, or no more. */
  #count({ size }: JobRecord, difference: 1 | -1): void {
    this.#unfinished += difference;
    this.#unfinishedBytes += difference * size;
  }

  #noteKey({ jobId, idempotency }: JobState): void {
    if (idempotency !== undefined) this.#byIdempotencyKey.set(idempotency.key, jobId);
  }

  #list(record: JobRecord, { jobId, retryOf }: JobState): void {
    this.#order.push(record);
    if (retryOf !== undefined) this.#retries.set(retryOf, jobId);
  }

  /** The index of the newest job that was created before a position; -1 when there is none. */
  #indexBefore(before: LogId): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.firstLogId ?? Infinity) < before) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function hasJustEnded({ before, job }: Applied): boolean {
  return isTerminal(job) && before !== undefined && !isTerminal(before);
}
