/**
 * Keeps a run for each job that has something to do: begins the run when the job is ready, passes
 * it the entries of the job, and resumes unfinished jobs after a restart.
 */

import type { Condition } from "../../core/condition.ts";
import { parked } from "../../core/decide_parked.ts";
import type { EventDraft } from "../../core/event.ts";
import { type JobId, MAIN_TASK } from "../../core/ids.ts";
import { hasCode, isHeld, isTerminal } from "../../core/job_state.ts";
import { type AnyJobDefinition, isThreaded } from "../definition.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import {
  draftParkings,
  interruptions,
  jobsToTry,
  recordAtStart,
  rememberTimes,
  type Restart,
} from "./recovery/restart.ts";
import type { Applied } from "../../core/job_fold.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { PendingJob } from "../writer/job_record.ts";
import { wantedBy } from "./queue/worker_lease.ts";
import { JobRun } from "./call/job_run.ts";
import type { Commands } from "../writer/commands.ts";
import { recordOrRetry } from "../writer/disk_retries.ts";
import type { RunPool, RunServices, RunSubject } from "./run_services.ts";
import type { Timers } from "./timers.ts";
import { CodeTrials } from "./recovery/code_trials.ts";
import type { Withdraw } from "./queue/worker_queue.ts";
import type { WriterListener } from "../writer/writer.ts";

interface SupervisorParts extends RunServices {
  readonly runPool: RunPool;
  /** For jobs whose definition asks for a thread. */
  readonly threadRunPool: RunPool;
  readonly registry: DefinitionRegistry;
  readonly commands: Commands;
  readonly timers: Timers;
}

export class Supervisor implements WriterListener {
  /** Jobs that wait for a worker so that `run` can be called, each with a callback to withdraw. */
  readonly #queued = new SteadyMap<JobId, Withdraw>();
  readonly #runs = new SteadyMap<JobId, JobRun>();
  /** Runs that are over but have an open attempt. */
  readonly #ending = new SteadyMap<RunSubject, JobId>();
  readonly #trials: CodeTrials;
  #mayWork = false;
  /** What a recovery leaves to `work`. */
  #resume = () => {};

  constructor(private readonly parts: SupervisorParts) {
    parts.heldPlaces.isBusy = (jobId) => this.#isBusy(jobId);
    parts.heldPlaces.isQueued = (jobId) => this.#queued.has(jobId);
    this.#trials = new CodeTrials(parts, this);
  }

  /** Resolves when no job is being checked against its code. */
  tried(): Promise<void> {
    return this.#trials.done();
  }

  appended(applied: Applied): void {
    const { jobId } = applied.job;
    const run = this.#runs.get(jobId);
    if (run !== undefined) run.appended(applied);
    else if (mayRunEarly(applied) && !this.#queued.has(jobId)) this.#takeUp(jobId, false);
  }

  durable(steps: readonly Applied[]): void {
    const touched = new Set<JobRun>();
    const { heldPlaces, suspects, timers } = this.parts;
    for (const applied of steps) suspects.see(applied);
    for (const applied of steps) timers.see(applied);
    for (const applied of steps) this.#see(applied, touched);
    for (const run of touched) this.#guarded(() => run.batchDurable());
    heldPlaces.durable(steps);
  }

  #isBusy(jobId: JobId): boolean {
    return this.#runs.get(jobId)?.isBusy === true ||
      this.#ending.size > 0 &&
        [...this.#ending].some(([run, ofJob]) => ofJob === jobId && run.isBusy);
  }

  #see(applied: Applied, touched: Set<JobRun>): void {
    const { jobId } = applied.job;
    const run = this.#runs.get(jobId);
    try {
      if (run !== undefined) {
        touched.add(run);
        run.durable(applied);
      } else if (this.#queued.has(jobId)) this.#reconsider(jobId, applied);
      else this.#seeIdle(jobId, applied);
    } catch (error) {
      this.parts.onDefect(error);
    }
  }

  #seeIdle(jobId: JobId, applied: Applied): void {
    this.#takeUp(jobId, applied.entry.eventType === "job.JobCreated");
    if (isToBeTried(applied) && !this.isKnown(jobId) && !this.#trials.wasUnparked(jobId)) {
      this.#trials.begin([jobId]);
    }
  }

  lost(jobIds: ReadonlySet<JobId>): void {
    const { durableLogId } = this.parts.writer;
    const notStarted = [...jobIds].filter((jobId) => !this.#isStarted(jobId));
    // All jobs leave the queue first: a place or a worker given back is granted at once.
    for (const jobId of notStarted) this.#leaveQueue(jobId);
    for (const jobId of notStarted) this.parts.shares.release(jobId);
    for (const jobId of jobIds) {
      this.#guarded(() => {
        const run = this.#runs.get(jobId);
        if (!this.#isStarted(jobId)) run?.drop();
        else if (run !== undefined) run.lost(durableLogId);
        // A lost entry may have taken the job out of the queue.
        else if (!this.#queued.has(jobId)) this.#takeUp(jobId, false);
      });
    }
  }

  #isStarted(jobId: JobId): boolean {
    const state = this.parts.table.pending(jobId)?.head.state;
    return state !== undefined && state !== "Created";
  }

  #leaveQueue(jobId: JobId): void {
    this.#queued.get(jobId)?.();
    this.#queued.delete(jobId);
  }

  /** A defect in one job's run must not stop the journal, or other runs. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.parts.onDefect(error);
    }
  }

  /**
   * Queues the jobs that a stop left unfinished. Their code is not called before `work` is.
   *
   * @param restart Present after an unclean stop.
   * @returns The recorded entries of the attempts that a crash or a takeover cut short.
   */
  async recover(restart: Restart | undefined): Promise<readonly EventDraft[]> {
    const { heldPlaces, registry, suspects, table, timers } = this.parts;
    const unfinished = [...table.jobs()].filter((job) => !isTerminal(job));
    for (const job of unfinished) rememberTimes(job, this.parts.scheduler);
    heldPlaces.restore();
    // Suspects of this stop are found once its interruptions are on record.
    suspects.open(unfinished);
    const cutShort = unfinished.flatMap((job) => interruptions(job, restart));
    const parkings = draftParkings(unfinished, registry, restart);
    this.#holdWorkers(true);
    await recordAtStart(this.parts, [...cutShort, ...parkings], () => {
      for (const { jobId } of unfinished) {
        timers.open(table.existing(jobId));
        if (!this.isKnown(jobId)) this.#takeUp(jobId, true);
      }
      this.#resume = () => {
        const idle = unfinished.filter(({ jobId }) => !this.isKnown(jobId));
        this.#trials.begin(jobsToTry(idle, table, registry));
        this.#holdWorkers(false);
      };
      if (this.#mayWork) this.work();
    });
    return cutShort;
  }

  /** Calls the code of jobs from now on, and checks whether it fits parked and waiting ones. */
  work(): void {
    this.#mayWork = true;
    const resume = this.#resume;
    this.#resume = () => {};
    resume();
  }

  /** Nothing is granted before all jobs are queued: those that run alone come first. */
  #holdWorkers(isHeld: boolean): void {
    const { runPool, threadRunPool } = this.parts;
    for (const { workers } of [runPool, threadRunPool]) workers.hold(isHeld);
  }

  /** Resolves when no attempt is open. */
  async idle(): Promise<void> {
    const runs = [...this.#runs.values(), ...this.#ending.keys()];
    await Promise.all(runs.map((run) => new Promise<void>((resolve) => run.whenIdle(resolve))));
  }

  interrupt(): void {
    for (const run of [...this.#runs.values(), ...this.#ending.keys()]) run.interrupt();
  }

  /** Records which runs a shutdown cuts short. */
  recordShutdown(): void {
    for (const run of this.#runs.values()) run.recordShutdown();
  }

  /** A run is over. If it only gave its worker back, another run may have to follow. */
  ended(run: RunSubject): void {
    const { jobId } = run;
    if (this.#runs.get(jobId) === run) this.#runs.delete(jobId);
    this.#ending.set(run, jobId);
    run.whenIdle(() => {
      this.#ending.delete(run);
      this.parts.heldPlaces.rested(jobId);
    });
    if (!this.parts.draining) this.#takeUp(jobId, false);
  }

  poolOf(definition: AnyJobDefinition): RunPool {
    const { runPool, threadRunPool } = this.parts;
    return isThreaded(definition) ? threadRunPool : runPool;
  }

  /** Whether a job has a run, or waits for the worker with which one begins. */
  isKnown(jobId: JobId): boolean {
    return this.#runs.has(jobId) || this.#queued.has(jobId);
  }

  #takeUp(jobId: JobId, isNew: boolean): void {
    const pending = this.parts.table.pending(jobId);
    if (pending === undefined) return;
    const { head } = pending;
    if (head.state === "Created") {
      if (isNew && head.startAt !== undefined) this.#scheduleStart(jobId, head.startAt);
    } else if (hasCode(head) && !isTerminal(head) && head.parked === undefined) {
      const message = this.parts.registry.lackFor(head);
      if (message !== undefined) this.#parkWithoutCode(jobId, message);
      else if (WORK.has(pending.conditionNow)) this.#begin(jobId, pending);
    }
  }

  /** Parks a job that no loaded code can run. */
  #parkWithoutCode(jobId: JobId, message: string): void {
    const draft = parked(jobId, { reason: "noDefinition", message });
    recordOrRetry(this.parts, [draft], () => this.#takeUp(jobId, false));
  }

  /** Queues a job. Its run is created once there is a worker, since a run takes memory. */
  #begin(jobId: JobId, job: PendingJob): void {
    const { head } = job;
    const definition = this.parts.registry.running(head);
    if (definition === undefined || head.state === "Created") return;
    const pool = this.poolOf(definition);
    const wanted = wantedBy(job, {
      type: definition.type,
      begins: head.state === "Running",
      isAlone: this.parts.suspects.has(jobId),
      // A job that backs off needs a place only when it is due.
      needs: () =>
        job.conditionNow === "backingOff"
          ? undefined
          : this.parts.shares.wantedBy(job.head, job.task(MAIN_TASK) !== undefined),
    });
    const withdraw = pool.workers.request(wanted, (worker) => {
      this.#queued.delete(jobId);
      this.parts.table.hold(jobId);
      const run = new JobRun(this.parts, pool, definition, jobId, job, worker);
      this.#runs.set(jobId, run);
      run.begin();
    });
    if (withdraw !== undefined) this.#queued.set(jobId, withdraw);
  }

  /** Takes a job with nothing to do out of the queue, so that it does not count ahead of others. */
  #reconsider(jobId: JobId, { before, job }: Applied): void {
    const head = this.parts.table.pending(jobId)?.head;
    if (head === undefined || head.state === "Created") return;
    // Compensation records no beginning, so the job queues again as one that needs no room.
    const isToBeUndone = before?.state === "Running" && job.state === "Compensating";
    if (!isTerminal(head) && !isHeld(head) && !isToBeUndone) return;
    this.#leaveQueue(jobId);
    if (isToBeUndone) this.#takeUp(jobId, false);
  }

  #scheduleStart(jobId: JobId, startAt: string): void {
    const { commands, diskRetries, onDefect, scheduler } = this.parts;
    scheduler.at(Date.parse(startAt), () => {
      diskRetries.record(() => commands.execute(jobId, { kind: "start" }))
        .catch(onDefect);
    });
  }
}

/**
 * Whether `run` may be called before the start of its job is durable, as it may continue before the
 * result of a task is: its first step then shares a batch with the start. A retry depends on the
 * record of another job, so it waits until its start is durable.
 */
function mayRunEarly({ before, job }: Applied): boolean {
  return before?.state === "Created" && job.state === "Running" && job.retryOf === undefined;
}

/** Whether a diverged job was resumed. It may be waiting, so that no run would check it now. */
function isToBeTried({ before, job }: Applied): boolean {
  return before?.parked?.reason === "diverged" && job.parked === undefined && !isTerminal(job);
}

/** A waiting job needs no run yet. One that backs off may have other branches to run. */
const WORK: ReadonlySet<Condition> = new Set(["queued", "backingOff", "compensating"]);
