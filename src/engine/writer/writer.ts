/**
 * The only way into the journal for facts about jobs. An entry is projected at once, on the pending
 * state of its job, and decisions use that; it becomes visible, and requests are answered, when it
 * is durable. An entry lost on its way to the disk is taken back.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FiledJobs } from "./filed_jobs.ts";
import { refuseEntry } from "./framework_schemas.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { JobTable } from "./job_table.ts";
import { JournalFailedError, JournalFullError, type Urgency } from "../ports.ts";

export interface Written {
  readonly entries: readonly JobEventLogEntry[];
  /** The effect of each entry on its job, if it has one. */
  readonly steps: readonly (Applied | undefined)[];
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly onLost: (() => void) | undefined;
}

interface AppendOptions {
  /** RFC 3339; now, when absent. */
  readonly receivedAt?: string;
  /** Called when the group is lost on its way, after its jobs have been reset. */
  readonly onLost?: () => void;
}

/** Acts on what is appended. */
export interface WriterListener {
  /** An entry was appended: only the job's own `run` may see it. */
  appended(applied: Applied): void;
  /** Appended entries that were not durable are gone: these jobs are as they were before. */
  lost(jobIds: ReadonlySet<JobId>): void;
}

interface Waiter {
  readonly lastLogId: LogId;
  resolve(): void;
  reject(error: Error): void;
}

export class Writer {
  readonly #events: EventEngine;
  readonly #table: JobTable;
  readonly #filed: FiledJobs;
  readonly #debts = new Map<JobId, () => void>();
  /** On their way to the disk, oldest first. */
  #groups: Written[] = [];
  /** Callers that wait for their own entries, in the order of positions. */
  #waiters: Waiter[] = [];
  /** Callers that wait for entries that others had appended before. */
  #resting: Waiter[] = [];
  #durableLogId: LogId = 0;
  #failure: JournalFailedError | undefined;
  listener: WriterListener = { appended: () => {}, lost: () => {} };

  constructor(events: EventEngine, table: JobTable, filed: FiledJobs) {
    this.#events = events;
    this.#table = table;
    this.#filed = filed;
  }

  /** Continues after what the journal holds, and files the jobs that wait. */
  open(headLogId: LogId): void {
    this.#durableLogId = headLogId;
    this.#filed.open(this.#table.jobs());
  }

  get durableLogId(): LogId {
    return this.#durableLogId;
  }

  /**
   * Appends a group: all of it, or nothing.
   *
   * @param urgency What happens when the disk is full; `"ordinary"` when absent.
   * @throws {TypeError} when a framework fact has a shape that the next start would refuse to read:
   * a defect, which must not get into the journal.
   * @throws {JournalFullError} when the disk is known to be full.
   * @throws {JournalFailedError} when the journal takes nothing more.
   * @throws {GroupTooLargeError}
   * @throws {IndexDamagedError} when a job that had left memory cannot be read.
   */
  append(
    drafts: readonly EventDraft[],
    urgency: Urgency = "ordinary",
    { receivedAt, onLost }: AppendOptions = {},
  ): Written {
    for (const draft of drafts) requireReadable(draft);
    if (this.#debts.size > 0) this.#payFirst(drafts);
    // Before anything is appended, since a damaged index throws here.
    let created: JobId | undefined;
    for (const { jobId, eventType } of drafts) {
      if (eventType === "job.JobCreated") created = jobId;
      else if (jobId !== undefined && jobId !== created) this.#table.wake(jobId);
    }
    const group = this.#take(this.#events.record(drafts, urgency, receivedAt), onLost);
    for (const step of group.steps) if (step !== undefined) this.listener.appended(step);
    return group;
  }

  /** Takes entries that another process recorded, as if they were on their way to the disk. */
  adopt(entries: readonly JobEventLogEntry[]): void {
    this.#take(entries, undefined);
  }

  #take(entries: readonly JobEventLogEntry[], onLost: (() => void) | undefined): Written {
    const steps = entries.map(this.#project);
    const firstLogId = entries[0]?.logId ?? this.#durableLogId;
    const lastLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const group = { entries, steps, firstLogId, lastLogId, onLost };
    this.#groups.push(group);
    steps.forEach((step, index) => {
      if (step !== undefined) this.#filed.appended(step, steps[index + 1]);
    });
    return group;
  }

  /** Like `append`, but returns `"full"` on a full disk and `"failed"` after a failure. */
  tryAppend(drafts: readonly EventDraft[], urgency: Urgency): Written | "full" | "failed" {
    try {
      return this.append(drafts, urgency);
    } catch (error) {
      if (error instanceof JournalFullError) return "full";
      if (error instanceof JournalFailedError) return "failed";
      throw error;
    }
  }

  /**
   * Registers what must be appended before anything else of a job: outcomes of attempts that a full
   * disk lost. `pay` throws as `append` does while there is no room.
   */
  owe(jobId: JobId, pay: () => void): void {
    this.#debts.set(jobId, pay);
  }

  /**
   * Appends what a job owes, so that the next decision takes it into account.
   *
   * @throws {JournalFullError} when there is no room yet; it is still owed then.
   */
  pay(jobId: JobId): void {
    const pay = this.#debts.get(jobId);
    if (pay === undefined) return;
    this.#debts.delete(jobId);
    try {
      pay();
    } catch (error) {
      this.#debts.set(jobId, pay);
      throw error;
    }
  }

  /**
   * Gives an answer that depends on entries of others, such as a refusal or a duplicate, once those
   * are durable. If they are lost, it is decided again.
   *
   * Rejects with what `again` rejects with, and with `JournalFailedError`.
   */
  resting<Value>(lastLogId: LogId, value: Value, again: () => Promise<Value>): Promise<Value> {
    if (lastLogId <= this.#durableLogId) return Promise.resolve(value);
    return this.settled(lastLogId, value).catch((error) => {
      if (error instanceof JournalFullError) return again();
      throw error;
    });
  }

  /** Resolves to whether entries of others up to a position become durable. */
  isDurable(lastLogId: LogId): Promise<boolean> {
    return this.resting(lastLogId, true, () => Promise.resolve(false));
  }

  /** Resolves when everything up to a position is durable; rejects when that is lost. */
  settled<Value>(lastLogId: LogId, value: Value): Promise<Value> {
    if (lastLogId <= this.#durableLogId) return Promise.resolve(value);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const waiter = { lastLogId, resolve: () => resolve(value), reject };
      const isLast = lastLogId >= (this.#waiters.at(-1)?.lastLogId ?? 0);
      (isLast ? this.#waiters : this.#resting).push(waiter);
    });
  }

  /**
   * A batch is durable.
   *
   * @returns The effects of its entries, to be made visible.
   */
  durable(entries: readonly JobEventLogEntry[]): readonly Applied[] {
    for (const entry of entries) this.#events.seen(entry);
    const durableLogId = this.#durableLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const shown: Applied[] = [];
    let taken = 0;
    for (const { lastLogId, steps } of this.#groups) {
      if (lastLogId > durableLogId) break;
      taken++;
      for (const step of steps) {
        if (step === undefined) continue;
        this.#table.show(step);
        this.#filed.shown(step);
        shown.push(step);
      }
    }
    this.#groups.splice(0, taken);
    return shown;
  }

  /** Answers the callers whose entries are durable now. */
  answerWaiting(): void {
    let answered = 0;
    for (const { lastLogId, resolve } of this.#waiters) {
      if (lastLogId > this.#durableLogId) break;
      resolve();
      answered++;
    }
    this.#waiters.splice(0, answered);
    if (this.#resting.length === 0) return;
    const resting = this.#resting;
    this.#resting = resting.filter(({ lastLogId }) => lastLogId > this.#durableLogId);
    for (const { lastLogId, resolve } of resting) if (lastLogId <= this.#durableLogId) resolve();
  }

  /** Everything that is not durable is lost. */
  lost(error: JournalFullError): void {
    const groups = this.#groups.splice(0);
    const jobIds = new Set<JobId>();
    for (const { entries, steps } of groups.toReversed()) {
      for (const entry of entries) this.#events.lost(entry);
      for (const step of steps.toReversed()) {
        if (step === undefined) continue;
        this.#table.takeBack(step);
        this.#filed.takenBack(step);
        jobIds.add(step.job.jobId);
      }
    }
    this.#rejectWaiting(error);
    for (const { onLost } of groups) onLost?.();
    this.listener.lost(jobIds);
  }

  failed(error: JournalFailedError): void {
    this.#failure = error;
    this.#rejectWaiting(error);
  }

  #rejectWaiting(error: Error): void {
    const waiters = [...this.#waiters.splice(0), ...this.#resting.splice(0)];
    for (const { reject } of waiters) reject(error);
  }

  #payFirst(drafts: readonly EventDraft[]): void {
    for (const { jobId } of drafts) if (jobId !== undefined) this.pay(jobId);
  }

  readonly #project = (entry: JobEventLogEntry) => this.#table.append(entry);
}

function requireReadable(draft: EventDraft): void {
  const reason = refuseEntry(draft);
  if (reason !== undefined) throw new TypeError(`Cannot record ${draft.eventType}: ${reason}`);
}
