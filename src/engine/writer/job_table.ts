/**
 * All jobs as projected from what was appended and from what is durable, and where the
 * entries of each are; everything here can be made again from the journal. Jobs that have
 * ended leave memory for the index, where there is one; an entry that comes for such a job
 * brings it back.
 */

import type { Condition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { awaitsOutside, sharedPlan } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { JobOrder } from "./job_order.ts";
import type { Applied } from "../../core/job_fold.ts";
import { EventIds } from "./event_ids.ts";
import { JobRecord, type PendingJob } from "./job_record.ts";
import { Leaving } from "./leaving.ts";
import {
  type ConditionFrom,
  conditionsIn,
  lastTransitionIn,
  positionsAfter,
  positionsBefore,
  type Trail,
  transitionIn,
  transitionUpTo,
} from "./trail.ts";
import { Trails } from "./trails.ts";
import type { EndedJob, FoundJob, JobIndex } from "../job_index.ts";
import type { JournalHead } from "../ports.ts";
import { JobScan } from "../queries/job_scan.ts";
import { searchTextOf } from "../queries/job_search.ts";
import { MergedScan } from "../queries/merged_scan.ts";
import type { EntryOfJob, JobFilter, JobRange, ListQuery, Transition } from "../requests.ts";

type ScanRange = JobRange & Pick<ListQuery, "oldestFirst">;

/** A job as a snapshot has it. */
export interface KeptJob {
  readonly job: JobState;
  /** It may hold later entries than the job: they are not part of it. */
  readonly trail: Trail;
}

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
  /** Absent where there is no index to leave for. */
  readonly #leaving: Leaving | undefined;
  /** The job that was read last from the index. */
  #lastIndexed: WeakRef<JobRecord> | undefined;
  readonly #byIdempotencyKey = new Map<string, JobId>();
  /** Of jobs whose row in the index does not tell it yet. */
  readonly #retries = new Map<JobId, Retry>();
  readonly #trails: Trails;
  #unfinished = 0;
  #unfinishedBytes = 0;

  /**
   * @param index Where jobs that have ended go; without one they stay in memory.
   * @param ids What goes to the index with them.
   */
  constructor(index?: JobIndex, ids: EventIds = new EventIds()) {
    this.#index = index;
    this.#leaving = index && new Leaving(index, ids);
    this.#trails = new Trails(index);
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
    return this.#leaving?.records.size ?? 0;
  }

  /** Whether there are so many of these that it is time to let them go. */
  get isLettingGo(): boolean {
    return this.#leaving?.isDue === true;
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
    return positionsAfter(this.#trailOf(jobId), after, limit);
  }

  /** The last positions of a job's entries before one, ascending, at most so many. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    return positionsBefore(this.#trailOf(jobId), before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not, or is about none. */
  transitionAt({ jobId, logId }: EntryOfJob): Transition | undefined {
    return jobId === undefined ? undefined : transitionIn(this.#trailOf(jobId), logId);
  }

  /** The condition in which a job was as of a position; `undefined` before its creation. */
  conditionAt({ jobId }: Pick<JobState, "jobId">, logId: LogId): Condition | undefined {
    return transitionUpTo(this.#trailOf(jobId), logId)?.condition;
  }

  /** In which conditions a job was, from which entry on. */
  conditionsOf(jobId: JobId): readonly ConditionFrom[] {
    return conditionsIn(this.#trailOf(jobId));
  }

  /** The job that was appended under this key. */
  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey) ?? this.#index?.jobOfKey(idempotencyKey);
  }

  /** Projects an entry that was appended; `undefined` when it is about no job. */
  append(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    let record = this.#records.get(entry.jobId);
    if (record === undefined && entry.eventType !== "job.JobCreated") {
      this.wake(entry.jobId);
      record = this.#records.get(entry.jobId);
    }
    if (record === undefined) {
      record = new JobRecord();
      const applied = record.append(entry); // Throws when the job was not created.
      this.#records.set(applied.job.jobId, record);
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
    const { job } = applied;
    const record = this.#records.get(job.jobId);
    if (record === undefined) return;
    const isNew = !record.isVisible;
    record.show();
    if (isNew) this.#list(record, job);
    this.#leaving?.consider(record);
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
    this.#leaving?.consider(record);
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
  restore({ job, trail }: KeptJob): void {
    const shared = { ...job, plan: sharedPlan(job.plan) };
    const record = new JobRecord(shared, trail);
    this.#records.set(job.jobId, record);
    this.#noteKey(shared);
    this.#list(record, shared);
    if (!isTerminal(job)) this.#count(record, 1);
    this.#leaving?.consider(record);
  }

  /**
   * What a snapshot holds, oldest first, as it is now: every job, or, where the index is marked
   * to hold the others, those that live.
   *
   * @throws {Error} when the index does not take them.
   */
  capture(head: JournalHead): readonly KeptJob[] {
    const jobs = this.kept();
    if (this.#index === undefined) return jobs;
    this.#put([...this.#records.values()].filter(hasEnded));
    if (this.#leaving?.isEmpty !== true) {
      throw new Error("the index does not take the jobs that ended");
    }
    this.#index.mark(head);
    return jobs.filter(({ job }) => !isTerminal(job));
  }

  /** The jobs in memory, oldest first, as they are now. */
  kept(): readonly KeptJob[] {
    return Array.from(this.#order, ({ job, trail }) => ({ job, trail }));
  }

  /**
   * An entry comes for a job that may have left: it is in memory again.
   *
   * @throws {IndexDamagedError} when it cannot be read.
   */
  wake(jobId: JobId): void {
    if (this.#index === undefined || this.#records.has(jobId)) return;
    const job = this.#indexed(jobId)?.job;
    if (job === undefined) return;
    const record = new JobRecord(job, this.#trails.take(jobId));
    this.#leaving?.cameBack(record);
    // Its own id: that of an entry may be a part of a longer text.
    this.#records.set(job.jobId, record);
    this.#order.add(record);
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
    this.#leaving?.consider(record);
  }

  /** Lets some of the jobs that have ended leave memory, as far as the index takes them. */
  letGo(): void {
    this.#put(this.#leaving?.next ?? []);
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

  /** Where the newest retry of this one was created. */
  retriedAt(jobId: JobId): LogId | undefined {
    return this.#retries.get(jobId)?.firstLogId ?? this.#index?.retriedAt(jobId);
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
  lastTransition({ jobId }: JobState): LogId {
    return lastTransitionIn(this.#trailOf(jobId));
  }

  #trailOf(jobId: JobId): Trail {
    return this.#records.get(jobId)?.trail ?? this.#trails.of(jobId);
  }

  /** In memory, or, for as long as it is looked at, from the index. */
  #recordOf(jobId: JobId): JobRecord | undefined {
    return this.#records.get(jobId) ?? this.#indexed(jobId);
  }

  /** What is done about a job looks at it several times, and to read a large one takes long. */
  #indexed(jobId: JobId): JobRecord | undefined {
    const last = this.#lastIndexed?.deref();
    if (last?.head.jobId === jobId) return last;
    const job = this.#index?.job(jobId);
    if (job === undefined) return undefined;
    const record = new JobRecord(job);
    this.#lastIndexed = new WeakRef(record);
    return record;
  }

  #lives(jobId: JobId): boolean {
    const record = this.#records.get(jobId);
    return record !== undefined && !isTerminal(record.head);
  }

  #put(records: readonly JobRecord[]): void {
    const left = this.#leaving?.put(records, this.#endedOf);
    for (const record of left ?? []) this.#leave(record);
  }

  readonly #endedOf = (record: JobRecord): EndedJob => {
    const { job, summary, trail } = record;
    return {
      job,
      summary,
      trail,
      text: searchTextOf(record),
      awaitsOutside: awaitsOutside(job.plan),
      retriedAt: job.state === "Failed" ? this.retriedAt(job.jobId) : undefined,
      wasThere: record.isIndexed,
    };
  };

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

  #leave(record: JobRecord): void {
    const { jobId, idempotency } = record.job;
    this.#records.delete(jobId);
    this.#lastIndexed = undefined;
    this.#trails.left(jobId, record.trail);
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
