/**
 * All jobs as projected from what was appended and from what is durable, and where the
 * entries of each are; everything here can be made again from the journal. Jobs that have
 * ended leave memory for the index, where there is one; an entry that comes for such a job
 * brings it back.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { awaitsOutside, sharedPlan } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { JobOrder } from "./job_order.ts";
import { EntryColumns } from "./entry_columns.ts";
import type { Applied } from "../../core/job_fold.ts";
import { JobRecord, type PendingJob } from "./job_record.ts";
import type { EndedJob, FoundJob, JobIndex } from "../job_index.ts";
import type { JournalHead } from "../ports.ts";
import { JobScan } from "../queries/job_scan.ts";
import { searchTextOf } from "../queries/job_search.ts";
import { MergedScan } from "../queries/merged_scan.ts";
import type { JobFilter, JobRange, ListQuery, Transition } from "../requests.ts";

type ScanRange = JobRange & Pick<ListQuery, "oldestFirst">;

/** The newest retry of a job. */
interface Retry {
  readonly jobId: JobId;
  readonly firstLogId: LogId;
}

export class JobTable {
  readonly #index: JobIndex | undefined;
  /** Of jobs in memory. */
  readonly #records = new Map<JobId, JobRecord>();
  /** Of these, those that are durable. */
  readonly #order = new JobOrder();
  /** Ended, and in memory until the index has them. */
  readonly #leaving = new Set<JobRecord>();
  /** After the index took none, it is asked again when there are so many. */
  #askAgainAt = 0;
  readonly #byIdempotencyKey = new Map<string, JobId>();
  /** Of jobs whose row in the index does not tell it yet. */
  readonly #retries = new Map<JobId, Retry>();
  readonly columns: EntryColumns = new EntryColumns();
  #unfinished = 0;
  #unfinishedBytes = 0;

  /** @param index Where jobs that have ended go; without one they stay in memory. */
  constructor(index?: JobIndex) {
    this.#index = index;
  }

  get index(): JobIndex | undefined {
    return this.#index;
  }

  get size(): number {
    return this.#order.size + this.indexed;
  }

  /** Jobs in the index. */
  get indexed(): number {
    let indexed = 0;
    for (const count of this.#index?.conditions.values() ?? []) indexed += count;
    return indexed;
  }

  /** Jobs that have ended and are not in the index yet. */
  get leaving(): number {
    return this.#leaving.size;
  }

  /** Whether there are so many of these that it is time to let them go. */
  get isLettingGo(): boolean {
    return this.#index !== undefined &&
      this.#leaving.size >= Math.max(this.#index.batch, this.#askAgainAt);
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
    const record = this.#recordOf(jobId);
    return record === undefined || !record.isVisible ? undefined : record.job;
  }

  /** The same; its `tasks` are incomplete and must not be read. */
  head(jobId: JobId): JobState | undefined {
    const record = this.#recordOf(jobId);
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
    return this.#recordOf(jobId);
  }

  /** The jobs in memory, oldest first: without an index all, and with one those that live. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** Positions of a job's entries after one, ascending, at most so many. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const record = this.#recordOf(jobId);
    return record === undefined ? [] : this.columns.chain(record, after, limit);
  }

  /** The last positions of a job's entries before one, ascending, at most so many. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    const record = this.#recordOf(jobId);
    return record === undefined ? [] : this.columns.chainBefore(record, before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.columns.transitionAt(logId);
  }

  /** The job that was appended under this key. */
  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey) ?? this.#index?.jobOfKey(idempotencyKey);
  }

  /** Projects an entry that was appended; `undefined` when it is about no job. */
  append(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    if (entry.eventType !== "job.JobCreated") this.wake(entry.jobId);
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
    const isNew = !record.isVisible;
    record.show();
    if (isNew) this.#list(record, job);
    this.#considerLeaving(record);
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
    this.#considerLeaving(record);
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
    this.#considerLeaving(record);
  }

  /**
   * What a snapshot holds, oldest first, as it is now: every job, or, where the index is marked
   * to hold the others, those that live.
   *
   * @throws {Error} when the index does not take them.
   */
  capture(head: JournalHead): readonly JobState[] {
    const jobs = [...this.jobs()];
    if (this.#index === undefined) return jobs;
    this.#store([...this.#records.values()].filter(hasEnded));
    if (this.#leaving.size > 0) throw new Error("the index does not take the jobs that ended");
    this.#index.mark(head);
    return jobs.filter((job) => !isTerminal(job));
  }

  /**
   * An entry comes for a job that may have left: it is in memory again.
   *
   * @throws {IndexDamagedError} when it cannot be read.
   */
  wake(jobId: JobId): void {
    if (this.#index === undefined || this.#records.has(jobId)) return;
    const record = this.#indexed(jobId);
    if (record === undefined) return;
    this.#index.wake(record.firstLogId);
    record.isIndexed = true;
    this.#records.set(jobId, record);
    this.#order.add(record);
    this.#leaving.add(record);
  }

  /** A call of `run` looks at the job: it stays in memory until that is released. */
  hold(jobId: JobId): void {
    const record = this.#records.get(jobId);
    if (record !== undefined) record.holders++;
  }

  release(jobId: JobId): void {
    const record = this.#records.get(jobId);
    if (record === undefined) return;
    record.holders--;
    this.#considerLeaving(record);
  }

  /** Lets the jobs that have ended leave memory, as far as the index takes them. */
  letGo(): void {
    this.#store([...this.#leaving]);
  }

  /** The job that was created by the entry at a position. */
  createdAt(firstLogId: LogId): JobState | undefined {
    return this.#order.createdAt(firstLogId)?.job ?? this.#index?.createdAt(firstLogId);
  }

  /** The newest job that is a retry of this one. */
  retryOf(jobId: JobId): JobId | undefined {
    const retry = this.#retries.get(jobId);
    if (retry !== undefined) return retry.jobId;
    if (this.#lives(jobId)) return undefined;
    const retriedAt = this.#index?.retriedAt(jobId);
    return retriedAt === undefined ? undefined : this.#idAt(retriedAt);
  }

  /** The summary of the job that was created by the entry at a position. */
  summaryAt(firstLogId: LogId): JobSummary | undefined {
    const summary = this.#summaryOf(firstLogId);
    return summary && this.#withRetry(summary);
  }

  /** The summary of one that a scan found. */
  summary({ summary }: Pick<FoundJob, "summary">): JobSummary {
    return this.#withRetry(summary);
  }

  /** The jobs of a range that a filter applies to, the newest first unless it says otherwise. */
  scan(filter: JobFilter, range: ScanRange = {}): JobScan | MergedScan {
    const inMemory = this.scanMemory(filter, range);
    if (this.#index === undefined) return inMemory;
    const indexed = this.#index.scan(filter, range);
    return new MergedScan(inMemory, indexed, range.oldestFirst ?? false);
  }

  /** The same of the jobs in memory. */
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

  /** Whether a filter applies, as it is now, to the job that was created at a position. */
  isAmong(filter: JobFilter, firstLogId: LogId): boolean {
    const record = this.#order.createdAt(firstLogId);
    if (record !== undefined) return this.scanMemory(filter).applies(record);
    const range = { after: firstLogId - 1, before: firstLogId + 1 };
    return this.#index?.scan(filter, range)[Symbol.iterator]().next().done === false;
  }

  /** The entry that brought a job into its condition. */
  lastTransition({ lastLogId, firstLogId }: JobState): LogId {
    let logId = lastLogId;
    while (logId > firstLogId && this.transitionAt(logId) === undefined) {
      logId = this.columns.before(logId);
    }
    return logId;
  }

  /** In memory, or, for as long as it is looked at, from the index. */
  #recordOf(jobId: JobId): JobRecord | undefined {
    return this.#records.get(jobId) ?? this.#indexed(jobId);
  }

  #indexed(jobId: JobId): JobRecord | undefined {
    const job = this.#index?.job(jobId);
    return job === undefined ? undefined : new JobRecord(job);
  }

  #lives(jobId: JobId): boolean {
    const record = this.#records.get(jobId);
    return record !== undefined && !isTerminal(record.head);
  }

  #considerLeaving(record: JobRecord): void {
    if (this.#index !== undefined && record.isSettled) this.#leaving.add(record);
  }

  /** Those of which something is on its way stay in memory as well. */
  #store(records: readonly JobRecord[]): void {
    if (records.length === 0 || this.#index === undefined) return;
    const ended = records.map((record) => this.#endedOf(record));
    const isTaken = this.#index.put(ended);
    this.#askAgainAt = isTaken ? 0 : 2 * this.#leaving.size;
    if (!isTaken) return;
    for (const record of records) {
      if (record.isSettled) this.#leave(record);
      else this.#index.wake(record.firstLogId);
      record.isIndexed = true;
      this.#leaving.delete(record);
    }
  }

  #endedOf(record: JobRecord): EndedJob {
    const { job, summary } = record;
    return {
      job,
      summary,
      text: searchTextOf(record),
      awaitsOutside: awaitsOutside(job.plan),
      retriedAt: job.state === "Failed" ? this.#retriedAt(job.jobId) : undefined,
      wasThere: record.isIndexed,
    };
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

  #retriedAt(jobId: JobId): LogId | undefined {
    return this.#retries.get(jobId)?.firstLogId ?? this.#index?.retriedAt(jobId);
  }

  #leave(record: JobRecord): void {
    const { jobId, idempotency } = record.job;
    this.#records.delete(jobId);
    this.#retries.delete(jobId);
    if (idempotency !== undefined) this.#byIdempotencyKey.delete(idempotency.key);
    this.#order.leave(record);
  }

  /** A job is unfinished from now on, or no more. */
  #count({ size }: JobRecord, difference: 1 | -1): void {
    this.#unfinished += difference;
    this.#unfinishedBytes += difference * size;
  }

  #noteKey({ jobId, idempotency }: JobState): void {
    if (idempotency !== undefined) this.#byIdempotencyKey.set(idempotency.key, jobId);
  }

  #list(record: JobRecord, { jobId, retryOf, firstLogId }: JobState): void {
    this.#order.add(record);
    if (retryOf === undefined) return;
    this.#retries.set(retryOf, { jobId, firstLogId });
    // A start may have let the job go before it came to this: its row has to say so.
    const isTold = this.#index?.retriedAt(retryOf) === firstLogId;
    if (!isTold) this.wake(retryOf);
  }
}

function hasJustEnded({ before, job }: Applied): boolean {
  return isTerminal(job) && before !== undefined && !isTerminal(before);
}

function hasEnded(record: JobRecord): boolean {
  return record.isVisible && isTerminal(record.job);
}
