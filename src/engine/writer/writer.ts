/**
 * The only way into the journal for facts about jobs. What is appended is projected at once,
 * on the pending state of its job, and decisions are made on that; it is shown, and answered
 * for, when it is durable. What is lost on its way to the disk is taken back.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { COMPENSATION_ENDS, MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import type { CorrelationIndex } from "../events/correlation_index.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FactIndex } from "../views/fact_index.ts";
import { refuseEntry } from "./framework_schemas.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { JobTable } from "./job_table.ts";
import { JournalFailedError, JournalFullError, type Urgency } from "../ports.ts";

export interface Indexes {
  /** Jobs that have started and not ended. */
  readonly started: CorrelationIndex;
  /** Jobs that have been created and not started. */
  readonly unstarted: CorrelationIndex;
  readonly facts: FactIndex;
}

/** A group that has positions. */
export interface Written {
  readonly entries: readonly JobEventLogEntry[];
  /** What each entry did to its job, if it is about one. */
  readonly steps: readonly (Applied | undefined)[];
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly onLost: (() => void) | undefined;
}

export interface AppendOptions {
  /** RFC 3339; now, when absent. */
  readonly receivedAt?: string;
  /** Told when the group is lost on its way, once the jobs are as they were before it. */
  readonly onLost?: () => void;
}

/** Who works on what was appended. */
export interface WriterListener {
  /** An entry was appended: only the job's own `run` may know. */
  appended(applied: Applied): void;
  /** What was appended and not durable is gone: these jobs are as they were before it. */
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
  readonly #indexes: Indexes;
  readonly #debts = new Map<JobId, () => void>();
  /** On their way to the disk, oldest first. */
  #groups: Written[] = [];
  /** Those who wait for what they appended, in the order of its positions. */
  #waiters: Waiter[] = [];
  /** Those who wait for what others had appended before. */
  #resting: Waiter[] = [];
  #durableLogId: LogId = 0;
  #starting = 0;
  #failure: JournalFailedError | undefined;
  listener: WriterListener = { appended: () => {}, lost: () => {} };

  constructor(events: EventEngine, table: JobTable, indexes: Indexes) {
    this.#events = events;
    this.#table = table;
    this.#indexes = indexes;
  }

  /** Goes on behind what the journal holds, and files the jobs that wait. */
  open(headLogId: LogId): void {
    this.#durableLogId = headLogId;
    const { started, unstarted } = this.#indexes;
    for (const { jobId, plan, state } of this.#table.jobs()) {
      if (plan === MAIN_ONLY_PLAN) continue;
      if (state === "Running") started.add(jobId, plan);
      if (state === "Compensating") started.add(jobId, plan, COMPENSATION_ENDS);
      if (state === "Created") unstarted.add(jobId, plan, []);
    }
  }

  /** The last durable position. */
  get durableLogId(): LogId {
    return this.#durableLogId;
  }

  /** Starts of jobs with code that are on their way to the disk, and in no queue yet. */
  get starting(): number {
    return this.#starting;
  }

  /**
   * Appends a group: all of it, or nothing.
   *
   * @param urgency What becomes of it when the disk is full; `"ordinary"` when absent.
   * @throws {TypeError} when a fact of the framework has a shape that the next start would
   * refuse to read: that is a defect, and must not get into the journal.
   * @throws {JournalFullError} when the disk is known to be full.
   * @throws {JournalFailedError} when the journal takes nothing any more.
   * @throws {GroupTooLargeError}
   */
  append(
    drafts: readonly EventDraft[],
    urgency: Urgency = "ordinary",
    { receivedAt, onLost }: AppendOptions = {},
  ): Written {
    for (const draft of drafts) requireReadable(draft);
    if (this.#debts.size > 0) this.#payFirst(drafts);
    const entries = this.#events.record(drafts, urgency, receivedAt);
    const steps = entries.map(this.#project);
    const firstLogId = entries[0]?.logId ?? this.#durableLogId;
    const lastLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const group = { entries, steps, firstLogId, lastLogId, onLost };
    this.#groups.push(group);
    steps.forEach(this.#file);
    for (const step of steps) if (step !== undefined) this.listener.appended(step);
    return group;
  }

  /**
   * Like `append`, but returns `"full"` on a full disk and `"failed"` once the journal takes
   * nothing more.
   */
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
   * What has to be appended before anything else of a job: ends of its attempts that a full
   * disk lost. `pay` throws as `append` does while there is no room.
   */
  owe(jobId: JobId, pay: () => void): void {
    this.#debts.set(jobId, pay);
  }

  /**
   * Appends what a job owes, so that what is decided next is decided on it.
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
   * Gives an answer that rests on what others had appended, such as a refusal or a duplicate,
   * when that is durable. When it is lost, the answer is another one.
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

  /** Whether what others had appended up to a position becomes durable; false when it is lost. */
  isDurable(lastLogId: LogId): Promise<boolean> {
    return this.resting(lastLogId, true, () => Promise.resolve(false));
  }

  /** Gives a value when all up to a position is durable; rejects when that is lost. */
  settled<Value>(lastLogId: LogId, value: Value): Promise<Value> {
    if (lastLogId <= this.#durableLogId) return Promise.resolve(value);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const waiter = { lastLogId, resolve: () => resolve(value), reject };
      const isLast = lastLogId >= (this.#waiters.at(-1)?.lastLogId ?? 0);
      (isLast ? this.#waiters : this.#resting).push(waiter);
    });
  }

  /** A batch is durable: the result is what its entries did, to be shown to all others. */
  durable(entries: readonly JobEventLogEntry[]): readonly Applied[] {
    for (const entry of entries) {
      this.#events.seen(entry);
      this.#indexes.facts.add(entry);
    }
    const durableLogId = this.#durableLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const shown: Applied[] = [];
    let taken = 0;
    for (const { lastLogId, steps } of this.#groups) {
      if (lastLogId > durableLogId) break;
      taken++;
      for (const step of steps) if (step !== undefined) shown.push(this.#show(step));
    }
    this.#groups.splice(0, taken);
    return shown;
  }

  /** Answers those who waited for what is durable now. */
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

  /** All that is not durable is lost. */
  lost(error: JournalFullError): void {
    const groups = this.#groups.splice(0);
    const jobIds = new Set<JobId>();
    for (const { entries, steps } of groups.toReversed()) {
      for (const entry of entries) this.#events.lost(entry);
      for (const step of steps.toReversed()) {
        if (step === undefined) continue;
        this.#takeBack(step);
        jobIds.add(step.job.jobId);
      }
    }
    this.#rejectWaiting(error);
    for (const { onLost } of groups) onLost?.();
    this.listener.lost(jobIds);
  }

  /** The journal takes nothing any more. */
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

  /**
   * A job is filed as soon as its creation or start has a position, so that an event with a
   * later position finds it; should that never become durable, neither does the event.
   */
  readonly #file = (
    step: Applied | undefined,
    index: number,
    steps: readonly (Applied | undefined)[],
  ): void => {
    if (step === undefined) return;
    const { before, job } = step;
    const { jobId, plan } = job;
    if (isStart(before, job) && hasCode(job)) this.#starting++;
    if (plan === MAIN_ONLY_PLAN) return; // No event from outside is ever one for it.
    const { started, unstarted } = this.#indexes;
    if (before === undefined) {
      // Most jobs are started as they are made.
      const next = steps[index + 1]?.job;
      const startsNow = next?.jobId === jobId && next.state !== "Created";
      if (!startsNow) unstarted.add(jobId, plan, []);
    } else if (isStart(before, job)) {
      unstarted.remove(jobId);
      started.add(jobId, plan);
    }
  };

  #show(applied: Applied): Applied {
    const { before, job, rule } = applied;
    const { started } = this.#indexes;
    this.#table.show(applied);
    if (isStart(before, job) && hasCode(job)) this.#starting--;
    if (isTerminal(job)) started.remove(job.jobId);
    if (rule === "running/error-compensating") {
      started.refile(job.jobId, job.plan, COMPENSATION_ENDS);
    }
    return applied;
  }

  #takeBack(applied: Applied): void {
    const { before, job } = applied;
    const { started, unstarted } = this.#indexes;
    this.#table.takeBack(applied);
    if (isStart(before, job) && hasCode(job)) this.#starting--;
    if (job.plan === MAIN_ONLY_PLAN) return; // It was never filed.
    if (before === undefined) return unstarted.remove(job.jobId);
    if (!isStart(before, job)) return;
    started.remove(job.jobId);
    unstarted.add(job.jobId, job.plan, []);
  }
}

function isStart(before: JobState | undefined, job: JobState): boolean {
  return before?.state === "Created" && job.state !== "Created";
}

/** @throws {TypeError} */
function requireReadable(draft: EventDraft): void {
  const reason = refuseEntry(draft);
  if (reason !== undefined) throw new TypeError(`Cannot record ${draft.eventType}: ${reason}`);
}
