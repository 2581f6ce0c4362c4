/**
 * All jobs, both as appended and as durable, and the positions of their entries. All of it can be
 * rebuilt from the journal. If there is an index, ended jobs move there from memory; a later entry
 * brings such a job back.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { sharedPlan } from "../../core/job_plan.ts";
import { isTerminal, type JobHead, type JobState } from "../../core/job_state.ts";
import { JobOrder } from "./job_order.ts";
import { type Applied, endedJob } from "../../core/job_fold.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import { EventIds } from "./event_ids.ts";
import { JobRecord, type PendingJob } from "./job_record.ts";
import { EndedJobBuffer } from "./ended_job_buffer.ts";
import { ListedJobs } from "./listed_jobs.ts";
import { type Trail, Trails } from "./trail.ts";
import type { JobIndex } from "../job_index.ts";
import type { JournalHead } from "../ports.ts";

/** A job in a snapshot. */
export interface KeptJob {
  readonly job: JobState;
  /** May hold entries after the job's last; these are not part of the snapshot. */
  readonly trail: Trail;
}

export class JobTable {
  /** The jobs in memory. */
  readonly #records = new SteadyMap<JobId, JobRecord>();
  /** The jobs in memory whose creation is durable. */
  readonly #order = new JobOrder();
  /** Absent without an index. */
  readonly #ended: EndedJobBuffer | undefined;
  #lastIndexed: WeakRef<JobState> | undefined;
  readonly trails: Trails;
  readonly listed: ListedJobs;
  readonly #byIdempotencyKey = new SteadyMap<string, JobId>();
  #unfinished = 0;
  #unfinishedBytes = 0;

  /**
   * @param index Stores ended jobs. Without an index they stay in memory.
   * @param ids Event ids, which are stored in the index with the jobs.
   */
  constructor(readonly index?: JobIndex, ids: EventIds = new EventIds()) {
    this.#ended = index && new EndedJobBuffer(index, ids);
    this.trails = new Trails(this.#records, index);
    this.listed = new ListedJobs(this.#order, this.#records, index);
  }

  get size(): number {
    return this.#order.size + this.indexed;
  }

  get indexed(): number {
    let indexed = 0;
    for (const count of this.index?.conditions.values() ?? []) indexed += count;
    return indexed;
  }

  get leaving(): number {
    return this.#ended?.size ?? 0;
  }

  /** Whether enough ended jobs wait for `letGo`. */
  get isLettingGo(): boolean {
    return this.#ended?.isDue === true;
  }

  /** The number of jobs that have not ended, including those that are not durable yet. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** The total size of unfinished jobs, as the length of their text. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** The job, from durable entries only. */
  job(jobId: JobId): JobState | undefined {
    const record = this.#recordOf(jobId);
    return record === undefined || !record.isVisible ? undefined : record.job;
  }

  /** Like `job`, without its tasks, which saves copying them. */
  head(jobId: JobId): JobHead | undefined {
    const record = this.#recordOf(jobId);
    return record?.isVisible === true ? record.shownHead : undefined;
  }

  /** @throws {TypeError} when there is no such job. */
  existing(jobId: JobId): JobState {
    const job = this.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  /** The job with every appended entry, for decisions. */
  pending(jobId: JobId): PendingJob | undefined {
    return this.#recordOf(jobId);
  }

  /** The jobs in memory, oldest first: all, or with an index those that have not moved there. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** The job created under this key. */
  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey) ?? this.index?.jobOfKey(idempotencyKey);
  }

  /** Projects an appended entry; `undefined` when it concerns no job. */
  append(entry: JobEventLogEntry): Applied | undefined {
    const record = this.#recordFor(entry);
    if (record === undefined) return undefined;
    const sizeBefore = record.size;
    return this.#appended(record, record.append(entry), sizeBefore);
  }

  /** An entry has become durable: makes its effect visible. */
  show(applied: Applied): void {
    const record = this.#records.get(applied.job.jobId);
    if (record === undefined) return;
    const isNew = !record.isVisible;
    record.show();
    this.#shown(record, applied, isNew);
  }

  /** Reverts an entry that was lost before it became durable. Later ones must be reverted first. */
  revert(applied: Applied): void {
    const { jobId, idempotency } = applied.job;
    const record = this.#records.get(jobId);
    if (record === undefined) return;
    if (endedJob(applied) !== undefined) this.#count(record, 1);
    const sizeBefore = record.size;
    record.revert();
    this.#unfinishedBytes += record.size - sizeBefore;
    this.#ended?.consider(record);
    if (applied.before !== undefined) return;
    this.#records.delete(jobId);
    this.#count(record, -1);
    if (idempotency !== undefined) this.#byIdempotencyKey.delete(idempotency.key);
  }

  /** Like `append` and `show`, for an entry that is durable already. */
  apply(entry: JobEventLogEntry): Applied | undefined {
    const record = this.#recordFor(entry);
    if (record === undefined) return undefined;
    const sizeBefore = record.size;
    const applied = this.#appended(record, record.apply(entry), sizeBefore);
    this.#shown(record, applied, applied.before === undefined);
    return applied;
  }

  restore({ job, trail }: KeptJob): void {
    const shared = { ...job, plan: sharedPlan(job.plan) };
    const record = new JobRecord(shared, trail);
    this.#records.set(job.jobId, record);
    this.#noteKey(shared);
    this.#list(record, shared);
    if (!isTerminal(job)) this.#count(record, 1);
    this.#ended?.consider(record);
  }

  /**
   * The jobs for a snapshot, oldest first. With an index, it writes the ended jobs there, marks the
   * index, and returns only the unfinished ones.
   *
   * @throws {Error} when the index does not accept the ended jobs.
   */
  capture(head: JournalHead): readonly KeptJob[] {
    const jobs = this.kept();
    if (this.index === undefined) return jobs;
    this.#put([...this.#records.values()].filter(hasEnded));
    if (this.#ended?.isEmpty !== true) {
      throw new Error("the index does not accept the ended jobs");
    }
    this.index.mark(head);
    return jobs.filter(({ job }) => !isTerminal(job));
  }

  kept(): readonly KeptJob[] {
    return Array.from(this.#order, ({ job, trail }) => ({ job, trail }));
  }

  /**
   * Loads a job into memory if it is only in the index.
   *
   * @throws {IndexDamagedError} when the job cannot be read.
   */
  wake(jobId: JobId): void {
    if (this.index === undefined || this.#records.has(jobId)) return;
    const job = this.#indexed(jobId)?.job;
    if (job === undefined) return;
    const record = new JobRecord(job, this.trails.take(jobId));
    this.#ended?.cameBack(record);
    // The job's copy of the id: the entry's may be a slice that keeps a longer text in memory.
    this.#records.set(job.jobId, record);
    this.#order.add(record);
  }

  /** Keeps a job in memory for a call of `run`, until it is released. */
  hold(jobId: JobId): void {
    const record = this.#records.get(jobId);
    if (record !== undefined) record.holders++;
  }

  release(jobId: JobId): void {
    const record = this.#records.get(jobId);
    if (record === undefined) return;
    record.holders--;
    this.#ended?.consider(record);
  }

  /** During a start from a snapshot, more ended jobs wait in memory before they are let go. */
  set isStarting(isStarting: boolean) {
    if (this.#ended !== undefined) this.#ended.isStarting = isStarting;
  }

  /** Moves some ended jobs to the index, if it accepts them. */
  letGo(): void {
    const next = this.#ended?.next ?? [];
    this.#put(next, this.#ended?.idsWith(next));
  }

  /** The record that an entry changes: a new one if it creates its job. */
  #recordFor({ jobId, eventType, logId }: JobEventLogEntry): JobRecord | undefined {
    if (jobId === undefined) return undefined;
    const record = this.#records.get(jobId);
    if (record !== undefined) return record;
    if (eventType === "job.JobCreated") return new JobRecord();
    if (this.#isIndexed(logId)) return undefined;
    this.wake(jobId);
    return this.#records.get(jobId) ?? new JobRecord();
  }

  #appended(record: JobRecord, applied: Applied, sizeBefore: number): Applied {
    if (applied.before === undefined) {
      this.#records.set(applied.job.jobId, record);
      this.#noteKey(applied.job);
      this.#count(record, 1);
    } else {
      this.#unfinishedBytes += record.size - sizeBefore;
      if (endedJob(applied) !== undefined) this.#count(record, -1);
    }
    return applied;
  }

  #shown(record: JobRecord, { entry, job }: Applied, isNew: boolean): void {
    if (isNew) this.#list(record, job);
    // A job that was woken is put again.
    if (!this.#isIndexed(entry.logId) || record.isIndexed) this.#ended?.consider(record);
    else if (record.isSettled) this.#leave(record);
  }

  /**
   * Whether an entry is replayed although the index was kept, with everything up to a later point.
   * Then a job that ends leaves memory without being put, and later entries concern it no more: its
   * row includes them.
   */
  #isIndexed(logId: LogId): boolean {
    return logId <= (this.index?.upTo ?? 0);
  }

  /** The record in memory, or a temporary one from the index. */
  #recordOf(jobId: JobId): JobRecord | undefined {
    return this.#records.get(jobId) ?? this.#indexed(jobId);
  }

  /**
   * Remembers the last job while its caller keeps it: a request reads a job several times, and large
   * jobs are slow to read.
   */
  #indexed(jobId: JobId): JobRecord | undefined {
    const last = this.#lastIndexed?.deref();
    if (last?.jobId === jobId) return new JobRecord(last);
    const job = this.index?.job(jobId);
    if (job === undefined) return undefined;
    this.#lastIndexed = new WeakRef(job);
    return new JobRecord(job);
  }

  #put(records: readonly JobRecord[], idsMax?: number): void {
    const left = this.#ended?.put(records, (jobId) => this.listed.retriedAt(jobId), idsMax);
    for (const record of left ?? []) {
      this.#leave(record);
      this.trails.left(record.head.jobId, record.trail);
    }
  }

  #leave(record: JobRecord): void {
    const { jobId, idempotency } = record.job;
    this.#records.delete(jobId);
    this.#lastIndexed = undefined;
    this.listed.left(jobId);
    if (idempotency !== undefined) this.#byIdempotencyKey.delete(idempotency.key);
    this.#order.leave(record);
  }

  #count({ size }: JobRecord, difference: 1 | -1): void {
    this.#unfinished += difference;
    this.#unfinishedBytes += difference * size;
  }

  #noteKey({ jobId, idempotency }: JobState): void {
    if (idempotency !== undefined) this.#byIdempotencyKey.set(idempotency.key, jobId);
  }

  #list(record: JobRecord, job: JobState): void {
    const { retryOf, firstLogId } = job;
    this.#order.add(record);
    // The row of the retried job may have a later retry than a restored or replayed one.
    if (retryOf === undefined || (this.listed.retriedAt(retryOf) ?? 0) >= firstLogId) return;
    this.listed.retried(retryOf, job);
    // If the retried job has moved to the index, its row must be updated.
    this.wake(retryOf);
  }
}

function hasEnded(record: JobRecord): boolean {
  return record.isVisible && isTerminal(record.job);
}
