/**
 * Keeps a run for every job that has something to do: begins it when the job becomes
 * ready, tells it of its job's entries, and takes jobs up again after a restart.
 */

import type { Condition } from "../../core/condition.ts";
import type { EventDraft } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { hasCode, isHeld, isTerminal, type JobState } from "../../core/job_state.ts";
import type { Commands } from "../writer/commands.ts";
import { type AnyJobDefinition, isThreaded } from "../definition.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { retryTimes } from "./backoffs.ts";
import { culpritAt, interruptions, withTheirTraces } from "./interruptions.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { PendingJob } from "../writer/job_record.ts";
import { JobRun } from "./job_run.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { Patience } from "./patience.ts";
import { parked } from "./parking.ts";
import type { EndedRun, RunServices } from "./run_services.ts";
import type { Shares } from "./shares.ts";
import type { Suspects } from "./suspects.ts";
import { openTimers, type Timers } from "./timers.ts";
import { Trials } from "./trials.ts";
import type { Withdraw } from "./worker_queue.ts";
import { type Places, rests } from "../writer/places.ts";
import type { LimitChanges } from "../writer/limit_changes.ts";
import type { Starts } from "../writer/starts.ts";
import type { WriterListener } from "../writer/writer.ts";

export interface SupervisorParts {
  readonly services: RunServices;
  /** For jobs whose definition asks for a thread. */
  readonly threadServices: RunServices;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly commands: Commands;
  readonly patience: Patience;
  readonly suspects: Suspects;
  readonly timers: Timers;
  readonly shares: Shares;
  readonly places: Places;
  readonly starts: Starts;
  readonly limitChanges: LimitChanges;
}

export class Supervisor implements WriterListener {
  readonly #parts: SupervisorParts;
  readonly #services: RunServices;
  /** Jobs whose `run` is to be called when there is a worker, with what takes them out again. */
  readonly #queued = new Map<JobId, Withdraw>();
  readonly #runs = new Map<JobId, JobRun>();
  /** Runs that are over, while an attempt of theirs has not ended yet. */
  readonly #ending = new Map<EndedRun, JobId>();
  /** Jobs that have no place by what is on record, as long as they have one here. */
  readonly #givenBack = new Set<JobId>();
  readonly #trials: Trials;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const { services } = parts;
    this.#services = services;
    this.#trials = new Trials({
      ...{ ...services, registry: parts.registry, table: parts.table },
      get draining() {
        return services.draining;
      },
      isRun: (jobId) => this.#isKnown(jobId),
      placeOf: (definition) => this.#servicesFor(definition).code,
    });
  }

  /** Resolves when it is known of all jobs that waited at the start whether their code fits. */
  tried(): Promise<void> {
    return this.#trials.done();
  }

  appended(applied: Applied): void {
    const { jobId } = applied.job;
    const run = this.#runs.get(jobId);
    if (run !== undefined) run.appended(applied);
    else if (mayGoAhead(applied) && !this.#queued.has(jobId)) this.#takeUp(jobId, false);
  }

  /** Entries of jobs have become durable. */
  durable(steps: readonly Applied[]): void {
    const touched = new Set<JobRun>();
    for (const applied of steps) this.#seeSuspects(applied);
    for (const applied of steps) this.#parts.timers.see(applied);
    for (const applied of steps) this.#guarded(() => this.#see(applied, touched));
    for (const run of touched) this.#guarded(() => run.batchDurable());
    if (!this.#parts.shares.areHeld) return;
    for (const { entry, job } of steps) {
      if (entry.eventType === "job.TaskStarted") this.#parts.shares.began(job.jobId);
    }
    for (const applied of steps) {
      const { jobId } = applied.job;
      if (rests(applied) || this.#givenBack.has(jobId)) this.rested(jobId);
    }
  }

  /**
   * A job may have nothing under way: gives its place back if so, by what is on record. What is on
   * its way to the disk gets there before.
   */
  rested(jobId: JobId): void {
    const { places, shares, table } = this.#parts;
    if (!shares.holds(jobId) || places.has(jobId)) return void this.#givenBack.delete(jobId);
    if (this.#isBusy(jobId)) return;
    const last = table.pending(jobId)?.head.lastLogId ?? 0;
    if (last > this.#services.writer.durableLogId) return;
    this.#givenBack.delete(jobId);
    shares.release(jobId);
  }

  /** By what is on record these have no place any more, although they do not rest. */
  gaveBack(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      this.#givenBack.add(jobId);
      this.rested(jobId);
    }
  }

  #isBusy(jobId: JobId): boolean {
    if (this.#runs.get(jobId)?.isBusy === true) return true;
    return [...this.#ending].some(([run, ofJob]) => ofJob === jobId && run.isBusy);
  }

  /** What was cut short once more, or ended the process and is to try again, runs alone. */
  #seeSuspects(applied: Applied): void {
    const { before, job } = applied;
    const { suspects, table } = this.#parts;
    suspects.see(applied);
    const wasCutShort = isCrash(applied);
    const triesAgain = before?.parked?.reason === "crashed" && job.parked === undefined;
    if (wasCutShort || triesAgain) this.#suspect([table.existing(job.jobId)]);
    this.#parts.threadServices.workers.hold(suspects.all.size > 0);
  }

  /** What is in a thread cannot end the process: it only has to wait for what runs alone. */
  #suspect(jobs: readonly JobState[]): void {
    const { suspects, threadServices } = this.#parts;
    suspects.open(jobs.filter((job) => !this.#isInThread(job)));
    threadServices.workers.hold(suspects.all.size > 0);
  }

  #isInThread(job: JobState): boolean {
    const definition = this.#parts.registry.running(job);
    return definition !== undefined && isThreaded(definition);
  }

  #see(applied: Applied, touched: Set<JobRun>): void {
    const { jobId } = applied.job;
    const run = this.#runs.get(jobId);
    if (run !== undefined) {
      run.durable(applied);
      touched.add(run);
    } else if (this.#queued.has(jobId)) {
      this.#reconsider(jobId, applied);
    } else {
      this.#takeUp(jobId, applied.entry.eventType === "job.JobCreated");
      if (isToBeTried(applied) && !this.#isKnown(jobId) && !this.#trials.tookUp(jobId)) {
        this.#trials.begin([jobId]);
      }
    }
  }

  lost(jobIds: ReadonlySet<JobId>): void {
    const { durableLogId } = this.#services.writer;
    // Before a run that is dropped lets go of its worker.
    for (const jobId of jobIds) {
      if (this.#isStarted(jobId)) continue;
      this.#leaveQueue(jobId);
      this.#parts.shares.release(jobId);
    }
    for (const jobId of jobIds) {
      this.#guarded(() => {
        const run = this.#runs.get(jobId);
        if (!this.#isStarted(jobId)) run?.drop();
        else if (run !== undefined) run.lost(durableLogId);
        // What is lost may have taken it out of the queue.
        else if (!this.#queued.has(jobId)) this.#takeUp(jobId, false);
      });
    }
  }

  #isStarted(jobId: JobId): boolean {
    const state = this.#parts.table.pending(jobId)?.head.state;
    return state !== undefined && state !== "Created";
  }

  #leaveQueue(jobId: JobId): void {
    this.#queued.get(jobId)?.();
    this.#queued.delete(jobId);
  }

  /** One job's run must not stop the journal, nor the runs of others. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#services.onDefect(error);
    }
  }

  /**
   * Takes up the jobs that a stop left unfinished.
   *
   * @param restart The `journal.Recovered` entry, after a stop that was not clean.
   * @returns What that had cut short, as it was recorded.
   */
  async recover(restart: LogId | undefined): Promise<readonly EventDraft[]> {
    const { table, patience } = this.#parts;
    const { writer, entriesAt } = this.#services;
    const unfinished = [...table.jobs()].filter((job) => !isTerminal(job));
    for (const job of unfinished) this.#rememberTimes(job);
    this.#takePlaces();
    // Those that were not open at this end; the others are found when that is on record.
    this.#suspect(unfinished);
    const cutShort = unfinished.flatMap((job) => interruptions(job, restart));
    const culprit = restart === undefined
      ? undefined
      : culpritAt(unfinished, restart, (job) => this.#isInThread(job));
    const drafts = [
      ...cutShort,
      ...culprit ? [culprit] : [],
      ...unfinished.flatMap((job) => this.#withoutCode(job)),
    ];
    const takeUp = () => {
      for (const { jobId } of unfinished) {
        this.#parts.timers.open(table.existing(jobId));
        if (!this.#isKnown(jobId)) this.#takeUp(jobId, true);
      }
      this.#trials.begin(this.#toBeTried(unfinished));
    };
    if (drafts.length === 0) {
      takeUp();
      return cutShort;
    }
    const traced = await withTheirTraces(drafts, (jobId) => table.existing(jobId), entriesAt);
    const refused = Promise.withResolvers<void>();
    const recorded = patience.record(async () => {
      try {
        const { lastLogId } = writer.append(traced, "vital");
        await writer.settled(lastLogId, undefined);
      } catch (error) {
        refused.resolve();
        throw error;
      }
    }).then(takeUp);
    recorded.catch(this.#services.onDefect);
    // A full disk may have no room for long; others read meanwhile.
    await Promise.race([recorded, refused.promise]);
    return cutShort;
  }

  /** Other limits of a type are in force: jobs that are at work have places of it. */
  limitsChanged(type: string): void {
    const { limitChanges, registry, shares } = this.#parts;
    shares.change(type, limitChanges.of(type)?.limits ?? registry.get(type)?.limits ?? {});
    this.#restorePlaces();
  }

  #restorePlaces(): void {
    const { places, shares, table } = this.#parts;
    for (const [jobId] of places.all) shares.restore(table.existing(jobId));
  }

  /** Jobs have the places that they had, by what is on record. */
  #takePlaces(): void {
    const { limitChanges, shares, starts } = this.#parts;
    for (const { type, limits } of limitChanges.all) shares.change(type, limits);
    this.#restorePlaces();
    for (const [type, rateKey, recorded] of starts.kept) {
      shares.remember(rateKey === null ? { type } : { type, rateKey }, recorded);
    }
  }

  /** Before anything is waited for. */
  #rememberTimes(job: JobState): void {
    const start = job.state === "Created" && job.startAt !== undefined ? [job.startAt] : [];
    const { scheduler } = this.#services;
    for (const time of [...start, ...retryTimes(job)]) scheduler.remember(Date.parse(time));
    for (const { dueMs } of openTimers(job)) scheduler.remember(dueMs);
  }

  /** That a job is parked, for none of its code can run. */
  #withoutCode(job: JobState): readonly EventDraft[] {
    if (job.state === "Created" || job.parked?.reason === "crashed" || !hasCode(job)) return [];
    const message = this.#parts.registry.lackFor(job);
    if (message === undefined || job.parked?.message === message) return [];
    return [parked(job.jobId, { reason: "noDefinition", message })];
  }

  /** Parked jobs that other code may fit, and then those that wait, as far as they are few. */
  #toBeTried(unfinished: readonly JobState[]): readonly JobId[] {
    const { registry, table } = this.#parts;
    const open = unfinished.flatMap(({ jobId }) => {
      const job = table.pending(jobId)?.head;
      const mayFit = job !== undefined && job.state !== "Created" && hasCode(job) &&
        registry.running(job) !== undefined && !this.#isKnown(jobId);
      return mayFit && job.parked?.reason !== "crashed" ? [job] : [];
    });
    const isParked = (job: JobState) => job.parked !== undefined;
    const waiting = open.filter((job) => !isParked(job) && !this.#isInThread(job))
      .slice(0, TRIALS_MAX);
    return [...open.filter(isParked), ...waiting].map(({ jobId }) => jobId);
  }

  /** Resolves when no attempt is being made. */
  async idle(): Promise<void> {
    await Promise.all([...this.#runs.values(), ...this.#ending.keys()].map((run) => run.idle()));
  }

  /** Ends what is being attempted. */
  interrupt(): void {
    for (const run of [...this.#runs.values(), ...this.#ending.keys()]) run.interrupt();
  }

  /** Records which runs are cut short by a stop. */
  recordShutdown(): void {
    for (const run of this.#runs.values()) run.recordShutdown();
  }

  /** A run is over; when it only gave way, a new one may have to follow. */
  ended(jobId: JobId, run: EndedRun): void {
    if (this.#runs.get(jobId) === run) this.#runs.delete(jobId);
    this.#ending.set(run, jobId);
    void run.idle().then(() => {
      this.#ending.delete(run);
      this.rested(jobId);
    });
    if (!this.#services.draining) this.#takeUp(jobId, false);
  }

  #servicesFor(definition: AnyJobDefinition): RunServices {
    return isThreaded(definition) ? this.#parts.threadServices : this.#services;
  }

  #isKnown(jobId: JobId): boolean {
    return this.#runs.has(jobId) || this.#queued.has(jobId);
  }

  #takeUp(jobId: JobId, isNew: boolean): void {
    const pending = this.#parts.table.pending(jobId);
    if (pending === undefined) return;
    const { head } = pending;
    if (head.state === "Created") {
      if (isNew && head.startAt !== undefined) this.#scheduleStart(jobId, head.startAt);
    } else if (hasCode(head) && !isTerminal(head) && head.parked === undefined) {
      const message = this.#parts.registry.lackFor(head);
      if (message !== undefined) this.#parkWithoutCode(jobId, message);
      else if (WORK.has(pending.conditionNow)) this.#begin(jobId, pending);
    }
  }

  /** None of its code can run, whatever it waits for. */
  #parkWithoutCode(jobId: JobId, message: string): void {
    const draft = parked(jobId, { reason: "noDefinition", message });
    const written = this.#services.writer.tryAppend([draft], "vital");
    if (written === "full") this.#services.later(() => this.#takeUp(jobId, false));
  }

  /** A run takes memory: it is made when there is a worker for it. */
  #begin(jobId: JobId, job: PendingJob): void {
    const { head } = job;
    const definition = this.#parts.registry.running(head);
    if (definition === undefined || head.state === "Created") return;
    const wanted = {
      jobId,
      priority: head.priority,
      order: head.startedBy,
      type: definition.type,
      labels: head.labels,
      key: head.key,
      begins: head.state === "Running",
      isAlone: this.#parts.suspects.has(jobId),
      // What backs off only sees to its times: it asks for a place when it is due.
      needs: () =>
        job.conditionNow === "backingOff"
          ? undefined
          : this.#parts.shares.wantedBy(job.head, job.task(MAIN_TASK) !== undefined),
    };
    const services = this.#servicesFor(definition);
    const withdraw = services.workers.request(wanted, (worker) => {
      this.#queued.delete(jobId);
      this.#parts.table.hold(jobId);
      const run = new JobRun(services, definition, jobId, job, worker);
      this.#runs.set(jobId, run);
      // Whoever appends its start goes on first.
      queueMicrotask(() => this.#guarded(() => run.begin()));
    });
    if (withdraw !== undefined) this.#queued.set(jobId, withdraw);
  }

  /** Withdraws a job with nothing to do, so that it does not count in others' queue positions. */
  #reconsider(jobId: JobId, { before, job }: Applied): void {
    const head = this.#parts.table.pending(jobId)?.head;
    if (head === undefined || head.state === "Created") return;
    // To be undone, it needs no room for its begin: it waits among the others.
    const isToBeUndone = before?.state === "Running" && job.state === "Compensating";
    if (!isTerminal(head) && !isHeld(head) && !isToBeUndone) return;
    this.#leaveQueue(jobId);
    if (isToBeUndone) this.#takeUp(jobId, false);
  }

  #scheduleStart(jobId: JobId, startAt: string): void {
    const { commands, patience } = this.#parts;
    this.#services.scheduler.at(Date.parse(startAt), () => {
      patience.record(() => commands.run(jobId, { kind: "start" })).catch(this.#services.onDefect);
    });
  }
}

/**
 * Whether `run` may be called before the start of its job is durable, as it may go on before the
 * result of a task is: what it does first then shares a batch with the start. A retry goes by
 * what is on record of other jobs, and waits for that.
 */
function mayGoAhead({ before, job }: Applied): boolean {
  return before?.state === "Created" && job.state === "Running" && job.retryOf === undefined;
}

function isCrash({ entry }: Applied): boolean {
  return entry.stratum === "framework" && entry.eventType === "job.TaskInterrupted" &&
    entry.attributes.reason === "crash";
}

/** Whether somebody asks a job to try again that waits, so that no run would find out now. */
function isToBeTried({ before, job }: Applied): boolean {
  return before?.parked?.reason === "diverged" && job.parked === undefined && !isTerminal(job);
}

/** Of jobs that wait so many are tried at a start; the others find out when they wake. */
const TRIALS_MAX = 10_000;

/** A waiting job needs no run yet; one that backs off may have other branches that can run. */
const WORK: ReadonlySet<Condition> = new Set(["queued", "backingOff", "compensating"]);
