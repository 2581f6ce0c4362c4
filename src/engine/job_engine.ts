/**
 * The engine's face: commands, events and reads. It routes; the work is done by the
 * parts that it puts together. `JobEngine` alone interprets events for jobs.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { Citation, Explanation } from "../core/explanation.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { COMPENSATION_ENDS } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import type { Point } from "../core/point.ts";
import type { Replay } from "../core/replay_steps.ts";
import type { Supposition } from "../core/supposition.ts";
import { SHUTDOWN_GRACE_MS } from "./attempt.ts";
import { Commands } from "./commands.ts";
import { CorrelationIndex } from "./correlation_index.ts";
import { Creation } from "./creation.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./deliveries.ts";
import { EndedJobs } from "./ended_jobs.ts";
import { EventEngine } from "./event_engine.ts";
import { Explainer } from "./explainer.ts";
import { FactIndex } from "./fact_index.ts";
import { FanOut } from "./fan_out.ts";
import { Feed } from "./feed.ts";
import { refuseEntry } from "./framework_schemas.ts";
import { History } from "./history.ts";
import { type Applied, JobTable } from "./job_table.ts";
import { Lanes } from "./lanes.ts";
import type {
  Clock,
  Journal,
  JournalConsumer,
  JournalFailedError,
  JournalInfo,
  Random,
} from "./ports.ts";
import { PatientRecorder } from "./patient_recorder.ts";
import { Recorder } from "./recorder.ts";
import { Replays, type WhatIfReport } from "./replays.ts";
import type {
  ControlRequest,
  Created,
  CreateRequest,
  DefinitionInfo,
  IncomingEvent,
  ListPage,
  ListQuery,
  Outcome,
  PointDifference,
  Receipt,
  RetryRequest,
  Transition,
} from "./requests.ts";
import type { RunServices } from "./run_services.ts";
import { Scheduler } from "./scheduler.ts";
import { captureContent, restoreContent } from "./snapshot_content.ts";
import { Supervisor } from "./supervisor.ts";
import { Unmatched } from "./unmatched.ts";
import { within } from "./within.ts";
import { WorkerQueue } from "./worker_queue.ts";

/**
 * How long a write that found no room counts as news: without a further write nobody
 * would learn that there is room again, and a balancer would never send one.
 */
const FULL_FRESH_MS = 10_000;

/** How long a stop waits for aborted attempts, and then for the last records. */
const INTERRUPT_MAX_MS = SHUTDOWN_GRACE_MS + 1_000;
const RECORD_MAX_MS = 2_000;

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
  /** Jobs that have been created and not started. */
  readonly #unstarted = new CorrelationIndex();
  readonly #ended = new EndedJobs();
  readonly #facts = new FactIndex();
  readonly #lanes = new Lanes();
  readonly #scheduler: Scheduler;
  readonly #workers: WorkerQueue;
  readonly #registry: DefinitionRegistry;
  readonly #events: EventEngine;
  readonly #recorder: Recorder;
  readonly #commands: Commands;
  readonly #history: History;
  readonly #replays: Replays;
  readonly #fanOut: FanOut;
  readonly #creation: Creation;
  readonly #deliveries: Deliveries;
  readonly #supervisor: Supervisor;
  readonly #feed: Feed;
  readonly #explainer: Explainer;
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
    const recorder = this.#recorder = new Recorder(clock, events, table, {
      started: index,
      unstarted: this.#unstarted,
      facts: this.#facts,
    });
    this.#commands = new Commands(table, lanes, recorder);
    const history = this.#history = new History(events, table);
    this.#replays = new Replays(history, this.#facts, clock, () => this.headLogId);
    this.#fanOut = new FanOut(index, registry, table);
    const parts = { clock, random, registry, table, history, recorder, lanes };
    this.#creation = new Creation(parts);
    const unmatched = new Unmatched(
      { started: index, unstarted: this.#unstarted, ended: this.#ended },
      registry,
      table,
    );
    this.#deliveries = new Deliveries(
      clock,
      random,
      events,
      recorder,
      this.#fanOut,
      table,
      unmatched,
    );
    this.#supervisor = new Supervisor(this.#runServices(), registry, table);
    this.#feed = new Feed(clock);
    this.#explainer = new Explainer({
      table,
      history,
      events,
      registry,
      workers: this.#workers,
      pastEvents: this.#facts,
      clock,
      draining: () => this.#draining,
      full: () => this.full,
    });
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
      if (job.state === "Running") this.#index.add(job.jobId, job.plan);
      if (job.state === "Compensating") this.#index.add(job.jobId, job.plan, COMPENSATION_ENDS);
      if (job.state === "Created") this.#unstarted.add(job.jobId, job.plan, []);
    }
    this.#ended.restore(this.#table.jobs());
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
    const commanded = await this.#commands.run(jobId, request);
    if (commanded.accepted) return { ok: true, value: this.#job(jobId) };
    return { ok: false, problem: { kind: "rejected", rejection: commanded.rejection } };
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

  /** The job as of a point, now when absent, and what each entry up to it did. */
  replay(jobId: JobId, point?: Point): Promise<Outcome<Replay>> {
    return this.#replays.replay(jobId, point);
  }

  /** What differs between two points of a job's life; `to` is now, when absent. */
  diff(jobId: JobId, from: Point, to?: Point): Promise<Outcome<PointDifference>> {
    return this.#replays.diff(jobId, from, to);
  }

  /** What would have become of a job; nothing is recorded. */
  whatIf(jobId: JobId, supposition: Supposition): Promise<Outcome<WhatIfReport>> {
    return this.#replays.whatIf(jobId, supposition);
  }

  /** The journal's entries after a position, oldest first, at most `limit`. */
  entries(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return this.#events.journal.read(after, limit);
  }

  /** How an entry changed its job's state or condition; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.#table.transitionAt(logId);
  }

  /** Why a job is as it is, as of its last durable entry; `undefined` when there is none. */
  explain(jobId: JobId): Promise<Explanation<Citation> | undefined> {
    return this.#explainer.explain(jobId);
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
    // Bounded: on a full disk nothing that ends can be recorded, and recovery will say so.
    await within(this.#options.clock, INTERRUPT_MAX_MS, this.#supervisor.idle());
    this.#scheduler.stop();
    await within(this.#options.clock, RECORD_MAX_MS, this.#supervisor.recordShutdown());
  }

  #job(jobId: JobId): JobState {
    const job = this.#table.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  #makeConsumer(): JournalConsumer {
    return {
      restore: (lines) => restoreContent(lines, this.#table, this.#events.eventIds, this.#facts),
      replay: (entry) => void this.#recorder.see(entry),
      durable: (entries) => this.#durable(entries),
      capture: () => captureContent(this.#table, this.#events.eventIds, this.#facts),
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
      this.#ended.see(applied);
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

  #patientRecorder(): PatientRecorder {
    const { clock, random } = this.#options;
    return new PatientRecorder({
      clock,
      random,
      commands: this.#commands,
      recorder: this.#recorder,
      fanOut: this.#fanOut,
      onDefect: (error) => this.#options.onDefect?.(error),
    });
  }

  #runServices(): RunServices {
    const draining = () => this.#draining;
    const patient = this.#patientRecorder();
    return {
      clock: this.#options.clock,
      random: this.#options.random,
      scheduler: this.#scheduler,
      workers: this.#workers,
      job: (jobId) => this.#job(jobId),
      command: (jobId, command) => patient.command(jobId, command),
      record: (drafts, facts) => patient.record(drafts, facts),
      recordLatest: (make) => patient.recordLatest(make),
      entriesAt: (logIds) => patient.read(() => this.#history.at(logIds)),
      get draining() {
        return draining();
      },
      ended: (jobId) => this.#supervisor.ended(jobId),
      onDefect: (error) => this.#options.onDefect?.(error),
    };
  }
}

function unknownJob(jobId: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownJob", jobId } };
}
