/**
 * The engine's face: commands, events and reads. It routes; the work is done by the
 * parts that it puts together. `JobEngine` alone interprets events for jobs.
 */

import { type Command, decide } from "../core/decide.ts";
import type { EventDraft, FactDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import { CorrelationIndex } from "./correlation_index.ts";
import { Creation } from "./creation.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./deliveries.ts";
import { EventEngine } from "./event_engine.ts";
import { FanOut } from "./fan_out.ts";
import { Feed } from "./feed.ts";
import { refuseEntry } from "./framework_schemas.ts";
import { History } from "./history.ts";
import { type Applied, JobTable } from "./job_table.ts";
import { Lanes } from "./lanes.ts";
import {
  type Clock,
  type Journal,
  type JournalConsumer,
  JournalFailedError,
  JournalFullError,
  type JournalInfo,
  type Random,
} from "./ports.ts";
import { Recorder } from "./recorder.ts";
import type {
  ControlRequest,
  Created,
  CreateRequest,
  DefinitionInfo,
  IncomingEvent,
  ListPage,
  ListQuery,
  Outcome,
  Receipt,
  RetryRequest,
  Transition,
} from "./requests.ts";
import type { Commanded, RunServices } from "./run_services.ts";
import { Scheduler } from "./scheduler.ts";
import { captureContent, restoreContent } from "./snapshot_content.ts";
import { Supervisor } from "./supervisor.ts";
import { within } from "./within.ts";
import { WorkerQueue } from "./worker_queue.ts";

/** How long a full disk is given before the same facts are offered again. */
const FULL_RETRY_MS = 1_000;

/**
 * How long a write that found no room counts as news: without a further write nobody
 * would learn that there is room again, and a balancer would never send one.
 */
const FULL_FRESH_MS = 10_000;

export interface JobEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  /** Jobs that may hold a worker at a time. */
  readonly maxRunning: number;
  /** The journal has failed: nothing more can be recorded, and the process should end. */
  readonly onJournalFailed?: (error: JournalFailedError) => void;
  /** A defect of this program; the job concerned stays as it is. */
  readonly onDefect?: (error: unknown) => void;
}

export class JobEngine {
  readonly #options: JobEngineOptions;
  readonly #table = new JobTable();
  readonly #index = new CorrelationIndex();
  readonly #lanes = new Lanes();
  readonly #scheduler: Scheduler;
  readonly #workers: WorkerQueue;
  readonly #registry: DefinitionRegistry;
  readonly #events: EventEngine;
  readonly #recorder: Recorder;
  readonly #history: History;
  readonly #fanOut: FanOut;
  readonly #creation: Creation;
  readonly #deliveries: Deliveries;
  readonly #supervisor: Supervisor;
  readonly #feed: Feed;
  #failed = false;
  #draining = false;

  /** What the journal tells of its entries; given to it when it is opened. */
  readonly consumer: JournalConsumer;

  constructor(options: JobEngineOptions) {
    const { clock, random } = options;
    this.#options = options;
    this.#scheduler = new Scheduler(clock);
    this.#workers = new WorkerQueue(options.maxRunning);
    this.#registry = new DefinitionRegistry(options.definitions);
    this.#events = new EventEngine(clock, random);
    const [table, index, lanes, events, registry] = [
      this.#table,
      this.#index,
      this.#lanes,
      this.#events,
      this.#registry,
    ];
    const recorder = this.#recorder = new Recorder(clock, events, table, index);
    const history = this.#history = new History(events, table);
    this.#fanOut = new FanOut(index, registry, table);
    const parts = { clock, random, registry, table, history, recorder, lanes };
    this.#creation = new Creation(parts);
    this.#deliveries = new Deliveries(clock, random, events, recorder, this.#fanOut, table);
    this.#supervisor = new Supervisor(this.#runServices(), registry, table);
    this.#feed = new Feed(clock);
    this.consumer = this.#makeConsumer();
  }

  /**
   * Begins to work on an open journal: files waiting jobs, and takes up what a stop left
   * unfinished.
   *
   * @param restart The `journal.Recovered` entry, after a stop that was not clean.
   */
  async start(journal: Journal, restart?: LogId): Promise<void> {
    this.#events.open(journal);
    for (const job of this.#table.jobs()) {
      if (job.state === "Running" || job.state === "Compensating") {
        this.#index.add(job.jobId, job.plan);
      }
    }
    await this.#supervisor.recover(restart);
  }

  /** The journal takes nothing any more. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Writes have just failed for want of room; reads go on. */
  get full(): boolean {
    return this.#recorder.fullSinceMs !== undefined &&
      this.#options.clock.monotonic() - this.#recorder.fullSinceMs < FULL_FRESH_MS;
  }

  /** The engine is stopping and begins nothing new. */
  get draining(): boolean {
    return this.#draining;
  }

  get headLogId(): LogId {
    return this.#events.journal.head.logId;
  }

  /** Types of unfinished jobs for which there is no definition, with their number. */
  get missingDefinitions(): ReadonlyMap<string, number> {
    return this.#supervisor.missingDefinitions();
  }

  /** Creates a job. Rejects with `JournalFullError` or `JournalFailedError`. */
  create(request: CreateRequest): Promise<Outcome<Created>> {
    return this.#creation.create(request);
  }

  /** Starts, cancels, suspends or resumes a job. Rejects as `create` does. */
  async control(jobId: JobId, request: ControlRequest): Promise<Outcome<JobState>> {
    if (this.#table.job(jobId) === undefined) return unknownJob(jobId);
    const commanded = await this.#command(jobId, request);
    if (!commanded.accepted) return rejectedBy(commanded);
    const last = commanded.applied.at(-1);
    if (last?.rule === "terminal/record-only" && last.before !== undefined) {
      // The job ended between the decision and the record: what the journal says, counts.
      const after = decide(last.before, request);
      if (!after.accepted) return rejectedBy(after);
    }
    return { ok: true, value: this.#job(jobId) };
  }

  /** Makes a new job of a failed one. Rejects as `create` does. */
  retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>> {
    return this.#lanes.run(jobId, async () => {
      const job = this.#table.job(jobId);
      return job === undefined ? unknownJob(jobId) : await this.#creation.retry(job, request);
    });
  }

  /** Records events from outside; one receipt for each. Rejects as `create` does. */
  deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    return this.#deliveries.deliver(events);
  }

  job(jobId: JobId): JobState | undefined {
    return this.#table.job(jobId);
  }

  list(query: ListQuery): ListPage {
    return this.#table.list(query);
  }

  /** A job's entries after a position, oldest first, at most `limit`. */
  history(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return this.#history.of(jobId, after, limit);
  }

  /** The journal's entries after a position, oldest first, at most `limit`. */
  entries(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return this.#events.journal.read(after, limit);
  }

  /** How an entry changed its job's state or condition; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.#table.transitionAt(logId);
  }

  /**
   * Resolves when there are entries after a position, after a time in milliseconds, or
   * when the signal aborts.
   */
  async changed(after: LogId, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.headLogId <= after && !this.#draining) await this.#feed.next(timeoutMs, signal);
  }

  /**
   * The job when it is as wanted, or as it is after a time in milliseconds or when the
   * signal aborts.
   */
  async waitFor(
    jobId: JobId,
    wanted: (job: JobState) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<JobState> {
    const deadline = this.#options.clock.monotonic() + timeoutMs;
    for (;;) {
      const job = this.#job(jobId);
      const remainingMs = deadline - this.#options.clock.monotonic();
      if (wanted(job) || remainingMs <= 0 || this.#draining || signal?.aborted) return job;
      await this.#feed.nextOf(jobId, remainingMs, signal);
    }
  }

  definitions(): readonly DefinitionInfo[] {
    return this.#registry.info();
  }

  journalInfo(): Promise<JournalInfo> {
    return this.#events.journal.info();
  }

  /** What is going on right now, in numbers. */
  get activity() {
    return {
      jobs: this.#table.size,
      busyWorkers: this.#workers.busy,
      queued: this.#workers.waiting,
      listening: this.#feed.waiting,
      filed: this.#index.size,
    };
  }

  /**
   * Begins nothing new, lets running attempts end, then ends those that take longer. The
   * journal is still open afterwards, for its owner to close.
   *
   * @param drainMs How long running attempts may go on, in milliseconds.
   */
  async stop(drainMs: number): Promise<void> {
    this.#draining = true;
    this.#workers.stop();
    this.#feed.wakeAll();
    await within(this.#options.clock, drainMs, this.#supervisor.idle());
    this.#supervisor.interrupt();
    await this.#supervisor.idle();
    await this.#supervisor.recordShutdown();
    this.#scheduler.stop();
  }

  #job(jobId: JobId): JobState {
    const job = this.#table.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  /** Decides on durable state, one command of a job at a time, and records what follows. */
  #command(jobId: JobId, command: Command): Promise<Commanded> {
    return this.#lanes.run(jobId, async () => {
      const decision = decide(this.#table.job(jobId), command);
      if (!decision.accepted) return decision;
      const applied = await this.#recorder.record(decision.events).applied;
      return { accepted: true, applied: applied.filter((step) => step !== undefined) };
    });
  }

  #makeConsumer(): JournalConsumer {
    return {
      restore: (lines) => restoreContent(lines, this.#table, this.#events.eventIds),
      replay: (entry) => void this.#recorder.see(entry),
      durable: (entries) => this.#durable(entries),
      capture: () => captureContent(this.#table, this.#events.eventIds),
      refuse: refuseEntry,
      failed: (error) => {
        this.#failed = true;
        this.#options.onJournalFailed?.(error);
      },
    };
  }

  /** Projects a batch, lets jobs go on, and wakes those who wait. */
  #durable(entries: readonly JobEventLogEntry[]): void {
    const touched = new Set<JobId>();
    const steps: Applied[] = [];
    for (const entry of entries) {
      const applied = this.#recorder.see(entry);
      if (applied === undefined) continue;
      steps.push(applied);
      touched.add(applied.job.jobId);
    }
    for (const applied of steps) this.#tellRun(applied);
    this.#feed.wake(touched);
  }

  /** A defect in one job's run must not stop the journal, which waits for this. */
  #tellRun(applied: Applied): void {
    try {
      this.#supervisor.see(applied);
    } catch (error) {
      this.#options.onDefect?.(error);
    }
  }

  #runServices(): RunServices {
    const draining = () => this.#draining;
    return {
      clock: this.#options.clock,
      random: this.#options.random,
      scheduler: this.#scheduler,
      workers: this.#workers,
      job: (jobId) => this.#job(jobId),
      command: (jobId, command) => this.#persist(() => this.#command(jobId, command)),
      record: (drafts, facts) => this.#recordFacts(drafts, facts ?? []),
      entriesAt: (logIds) => this.#history.at(logIds),
      get draining() {
        return draining();
      },
      ended: (jobId) => this.#supervisor.ended(jobId),
      onDefect: (error) => this.#options.onDefect?.(error),
    };
  }

  async #recordFacts(drafts: readonly EventDraft[], facts: readonly FactDraft[]): Promise<void> {
    await this.#persist(async () => {
      const group = this.#withFacts(drafts, facts);
      try {
        await this.#recorder.record(group).applied;
      } finally {
        this.#fanOut.settled(group);
      }
    });
  }

  /** The drafts, then each fact, caused by the first draft, with what it makes happen. */
  #withFacts(drafts: readonly EventDraft[], facts: readonly FactDraft[]): readonly EventDraft[] {
    if (facts.length === 0) return drafts;
    const group = [...drafts];
    const occurredAt = new Date(this.#options.clock.now()).toISOString();
    for (const fact of facts) {
      const eventId = fact.eventId ?? `evt_${this.#options.random.ulid()}` as EventId;
      const settled = { ...fact, eventId, occurredAt, causedBy: { draft: 0 } };
      group.push(...this.#fanOut.expand(settled, group.length));
    }
    return group;
  }

  /**
   * Does what a running job cannot do without: waits out a full disk. When the journal
   * has failed it never settles, since only the next start tells what is on record.
   */
  async #persist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof JournalFailedError) return await new Promise<never>(() => {});
        if (!(error instanceof JournalFullError)) throw error;
        await new Promise<void>((resolve) => this.#scheduler.after(FULL_RETRY_MS, resolve));
      }
    }
  }
}

function unknownJob(jobId: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownJob", jobId } };
}

function rejectedBy(commanded: Extract<Commanded, { accepted: false }>): Outcome<never> {
  return { ok: false, problem: { kind: "rejected", rejection: commanded.rejection } };
}
