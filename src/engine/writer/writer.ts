/**
 * The only way into the journal for facts about jobs. An entry is projected at once onto the
 * pending state of its job, on which decisions are based. When it is durable, it becomes visible
 * and requests are answered. An entry that is lost before that is reverted.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FiledJobs } from "../matching/filed_jobs.ts";
import { requireReadable } from "./framework_schemas.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { JobTable } from "./job_table.ts";
import { Lane } from "../turns.ts";
import { type Slices, visibleSlices, withCause } from "./slices.ts";
import { type Clock, JournalFailedError, JournalFullError, type Urgency } from "../ports.ts";

export interface Written {
  readonly entries: readonly JobEventLogEntry[];
  /** The effect of each entry on its job, if it has one. */
  readonly steps: readonly (Applied | undefined)[];
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly onLost: (() => void) | undefined;
}

interface AppendOptions {
  /** An RFC 3339 time; defaults to now. */
  readonly receivedAt?: string;
  /** Called when the group is lost before it is durable, after its jobs have been reverted. */
  readonly onLost?: () => void;
}

/** Reacts to appended and to lost entries. */
export interface WriterListener {
  /** An entry was appended. Until it is durable, only the job's own `run` may see it. */
  appended(applied: Applied): void;
  /** Entries that were not durable are lost, and these jobs have been reverted. */
  lost(jobIds: ReadonlySet<JobId>): void;
}

interface Waiter {
  readonly lastLogId: LogId;
  /** What its promise resolves to. */
  readonly value: unknown;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Writer {
  /**
   * A batch of more entries becomes visible slice by slice, between which others may get their
   * turn: what is visible is always the journal up to one position. Own groups are never cut.
   */
  static readonly SLICE_ENTRIES = 250;

  readonly #debts = new Map<JobId, () => void>();
  /** Groups that are not durable yet, oldest first. */
  #groups: Written[] = [];
  /** Callers that wait for their own entries, in order of position. */
  #waiters: Waiter[] = [];
  /** Callers that wait for entries that others appended earlier. */
  #dependents: Waiter[] = [];
  #durableLogId: LogId = 0;
  #failure: JournalFailedError | undefined;
  /** Those who append to one batch in slices take turns. */
  readonly gatherings = new Lane();
  listener: WriterListener = { appended: () => {}, lost: () => {} };

  constructor(
    private readonly events: EventEngine,
    private readonly table: JobTable,
    private readonly filed: FiledJobs,
    private readonly clock: Pick<Clock, "pause">,
  ) {}

  /** Continues after the last entry of the journal, and files the jobs that wait for events. */
  open(headLogId: LogId): void {
    this.#durableLogId = headLogId;
    this.filed.open(this.table.jobs());
  }

  get durableLogId(): LogId {
    return this.#durableLogId;
  }

  /** The last position on disk. A part of its batch may not be visible yet. */
  get recordedLogId(): LogId {
    return this.events.journal.head.logId;
  }

  /** The last position assigned, unless its entry was lost. */
  get appendedLogId(): LogId {
    return this.#groups.at(-1)?.lastLogId ?? this.#durableLogId;
  }

  /**
   * Appends a group, all or nothing.
   *
   * @param urgency Decides what happens when the disk is full.
   * @throws {TypeError} when a framework event has a shape that the next startup would refuse to
   * read. That is a bug, and must not reach the journal.
   * @throws {JournalFullError} when the disk is known to be full.
   * @throws {JournalFailedError} when the journal accepts nothing more.
   * @throws {GroupTooLargeError}
   * @throws {IndexDamagedError} when a job cannot be read from the index.
   */
  append(drafts: readonly EventDraft[], urgency?: Urgency, options?: AppendOptions): Written {
    for (const draft of drafts) requireReadable(draft);
    return this.#appendChecked(drafts, urgency, options);
  }

  #appendChecked(
    drafts: readonly EventDraft[],
    urgency: Urgency = "ordinary",
    { receivedAt, onLost }: AppendOptions = {},
  ): Written {
    if (this.#debts.size > 0) this.#payFirst(drafts);
    // Load the jobs before anything is appended: a damaged index throws here.
    let created: JobId | undefined;
    for (const { jobId, eventType } of drafts) {
      if (eventType === "job.JobCreated") created = jobId;
      else if (jobId !== undefined && jobId !== created) this.table.wake(jobId);
    }
    const group = this.#take(this.events.record(drafts, urgency, receivedAt), onLost);
    for (const step of group.steps) if (step !== undefined) this.listener.appended(step);
    return group;
  }

  /**
   * Appends a group, and resolves when it is durable; rejects when it is lost. Throws as `append`
   * does.
   */
  recorded(drafts: readonly EventDraft[], urgency?: Urgency): Promise<void> {
    return this.whenDurable<void>(this.append(drafts, urgency).lastLogId, undefined);
  }

  /**
   * Appends the slices of a group, between which others get their turn. All of it is in one batch.
   * The first slice is appended before this returns. Only in a turn of `gatherings`. Rejects as
   * `append` throws.
   *
   * @returns The position of the last entry.
   */
  async appendInSlices(slices: Slices): Promise<LogId> {
    return await this.inOneBatch(() => this.#appendSlices(slices));
  }

  /** What is appended meanwhile is in one batch. Only in a turn of `gatherings`. */
  async inOneBatch<Result>(work: () => Promise<Result>): Promise<Result> {
    const end = this.events.journal.gather();
    try {
      return await work();
    } finally {
      end();
    }
  }

  async #appendSlices([first = [], ...rest]: Slices): Promise<LogId> {
    let isLost = false;
    const { entries, firstLogId, lastLogId } = this.#appendChecked(first, "ordinary", {
      onLost: () => isLost = true,
    });
    const receivedAt = entries[0]?.receivedAt ?? this.events.now();
    let last = lastLogId;
    for (const slice of rest) {
      await this.clock.pause();
      if (isLost) {
        throw new JournalFullError("Cannot record: the disk is full. Nothing is recorded");
      }
      // The first slice was admitted, and with it the others.
      const drafts = slice.map((draft) => withCause(draft, firstLogId));
      last = this.#appendChecked(drafts, "vital", { receivedAt }).lastLogId;
    }
    return last;
  }

  /** Projects entries that another process recorded, as if they were not durable yet. */
  adopt(entries: readonly JobEventLogEntry[]): void {
    this.#take(entries, undefined);
  }

  #take(entries: readonly JobEventLogEntry[], onLost: (() => void) | undefined): Written {
    const steps = entries.map(this.#project);
    const firstLogId = entries[0]?.logId ?? this.#durableLogId;
    const lastLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const group = { entries, steps, firstLogId, lastLogId, onLost };
    this.#groups.push(group);
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index];
      if (step !== undefined) this.filed.appended(step, steps[index + 1]);
    }
    return group;
  }

  /** Like `append`, but returns `"full"` on a full disk and `"failed"` after a failure. */
  tryAppend(
    drafts: readonly EventDraft[],
    urgency: Urgency,
    options?: AppendOptions,
  ): Written | "full" | "failed" {
    try {
      return this.append(drafts, urgency, options);
    } catch (error) {
      if (error instanceof JournalFullError) return "full";
      if (error instanceof JournalFailedError) return "failed";
      throw error;
    }
  }

  /**
   * Registers entries that must precede any other entry of a job: outcomes of attempts that a full
   * disk lost. `pay` appends them, and throws as `append` does while the disk is full.
   */
  owe(jobId: JobId, pay: () => void): void {
    this.#debts.set(jobId, pay);
  }

  /**
   * Appends the entries that a job owes, so that the next decision takes them into account.
   *
   * @throws {JournalFullError} when the disk is still full; the entries remain owed.
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
   * Returns an answer that depends on entries of other callers, such as a refusal or a duplicate,
   * once these entries are durable. If they are lost, `again` makes a new decision.
   *
   * Rejects with `JournalFailedError`, and as `again` does.
   */
  onceDurable<Value>(lastLogId: LogId, value: Value, again: () => Promise<Value>): Promise<Value> {
    if (lastLogId <= this.#durableLogId) return Promise.resolve(value);
    return this.whenDurable(lastLogId, value).catch((error) => {
      if (error instanceof JournalFullError) return again();
      throw error;
    });
  }

  /** Resolves to whether the entries of other callers up to a position become durable. */
  isDurable(lastLogId: LogId): Promise<boolean> {
    return this.onceDurable(lastLogId, true, () => Promise.resolve(false));
  }

  /** Resolves when everything up to a position is durable; rejects when any of it is lost. */
  whenDurable<Value>(lastLogId: LogId, value: Value): Promise<Value> {
    if (lastLogId <= this.#durableLogId) return Promise.resolve(value);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const isLast = lastLogId >= (this.#waiters.at(-1)?.lastLogId ?? 0);
    const waiter = { lastLogId, value, resolve: resolve as Waiter["resolve"], reject };
    (isLast ? this.#waiters : this.#dependents).push(waiter);
    return promise;
  }

  /** Resolves when nothing that was appended waits to become durable. */
  async settled(): Promise<void> {
    while (this.appendedLogId > this.#durableLogId && this.#failure === undefined) {
      await this.isDurable(this.appendedLogId).catch(() => {});
    }
  }

  /** The slices of a durable batch, each of which can become visible like a batch of its own. */
  slices(
    entries: readonly JobEventLogEntry[],
  ): readonly (readonly JobEventLogEntry[])[] | undefined {
    return visibleSlices(entries, this.#groups, Writer.SLICE_ENTRIES);
  }

  /**
   * A slice of a batch has become durable: makes its effects visible.
   *
   * @returns The effects of its entries.
   */
  durable(entries: readonly JobEventLogEntry[]): readonly Applied[] {
    for (const entry of entries) this.events.seen(entry);
    const durableLogId = this.#durableLogId = entries.at(-1)?.logId ?? this.#durableLogId;
    const shown: Applied[] = [];
    let taken = 0;
    for (const { lastLogId, steps } of this.#groups) {
      if (lastLogId > durableLogId) break;
      taken++;
      for (const step of steps) {
        if (step === undefined) continue;
        this.table.show(step);
        this.filed.shown(step);
        shown.push(step);
      }
    }
    this.#groups.splice(0, taken);
    return shown;
  }

  /** Answers the callers whose entries are durable now. */
  answerDurable(): void {
    let answered = 0;
    for (const { lastLogId, value, resolve } of this.#waiters) {
      if (lastLogId > this.#durableLogId) break;
      resolve(value);
      answered++;
    }
    this.#waiters.splice(0, answered);
    if (this.#dependents.length === 0) return;
    const dependents = this.#dependents;
    this.#dependents = dependents.filter(({ lastLogId }) => lastLogId > this.#durableLogId);
    for (const { lastLogId, value, resolve } of dependents) {
      if (lastLogId <= this.#durableLogId) resolve(value);
    }
  }

  /** Everything that is not durable is lost: reverts its effects. */
  lost(error: JournalFullError): void {
    const groups = this.#groups.splice(0);
    const jobIds = new Set<JobId>();
    for (const { entries, steps } of groups.toReversed()) {
      for (const entry of entries) this.events.lost(entry);
      for (const step of steps.toReversed()) {
        if (step === undefined) continue;
        this.table.revert(step);
        this.filed.reverted(step);
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
    const waiters = [...this.#waiters.splice(0), ...this.#dependents.splice(0)];
    for (const { reject } of waiters) reject(error);
  }

  #payFirst(drafts: readonly EventDraft[]): void {
    for (const { jobId } of drafts) if (jobId !== undefined) this.pay(jobId);
  }

  readonly #project = (entry: JobEventLogEntry) => this.table.append(entry);
}
