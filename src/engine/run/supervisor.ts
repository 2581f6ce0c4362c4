/**
 * Keeps a run for every job that has something to do: begins it when the job becomes
 * ready, tells it of its job's entries, and takes jobs up again after a restart.
 */

import type { Condition } from "../../core/condition.ts";
import type { EventDraft } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal } from "../../core/job_state.ts";
import type { Commands } from "../writer/commands.ts";
import { isThreaded } from "../definition.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { interruptions, withTheirTraces } from "./interruptions.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { PendingJob } from "../writer/job_record.ts";
import { JobRun } from "./job_run.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { Patience } from "./patience.ts";
import type { EndedRun, RunServices } from "./run_services.ts";
import type { Withdraw } from "./worker_queue.ts";
import type { WriterListener } from "../writer/writer.ts";

export interface SupervisorParts {
  readonly services: RunServices;
  /** For jobs whose definition asks for a thread. */
  readonly threadServices: RunServices;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly commands: Commands;
  readonly patience: Patience;
}

export class Supervisor implements WriterListener {
  readonly #parts: SupervisorParts;
  readonly #services: RunServices;
  /** Jobs whose `run` is to be called when there is a worker, with what takes them out again. */
  readonly #queued = new Map<JobId, Withdraw>();
  readonly #runs = new Map<JobId, JobRun>();
  /** Runs that are over, while an attempt of theirs has not ended yet. */
  readonly #ending = new Set<EndedRun>();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#services = parts.services;
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
    for (const applied of steps) this.#guarded(() => this.#see(applied, touched));
    for (const run of touched) this.#guarded(() => run.goOn());
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
    }
  }

  lost(jobIds: ReadonlySet<JobId>): void {
    const { durableLogId } = this.#services.writer;
    // Before a run that is dropped lets go of its worker.
    for (const jobId of jobIds) if (!this.#isStarted(jobId)) this.#leaveQueue(jobId);
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
    const drafts = unfinished.flatMap((job) => interruptions(job, restart));
    if (drafts.length > 0) {
      const traced = await withTheirTraces(drafts, (jobId) => table.existing(jobId), entriesAt);
      await patience.record(async () => {
        const { lastLogId } = writer.append(traced, "vital");
        await writer.settled(lastLogId, undefined);
      });
    }
    for (const { jobId } of unfinished) if (!this.#isKnown(jobId)) this.#takeUp(jobId, true);
    return drafts;
  }

  /** Resolves when no attempt is being made. */
  async idle(): Promise<void> {
    await Promise.all([...this.#runs.values(), ...this.#ending].map((run) => run.idle()));
  }

  /** Ends what is being attempted. */
  interrupt(): void {
    for (const run of [...this.#runs.values(), ...this.#ending]) run.interrupt();
  }

  /** Records which runs are cut short by a stop. */
  recordShutdown(): void {
    for (const run of this.#runs.values()) run.recordShutdown();
  }

  /** A run is over; when it only gave way, a new one may have to follow. */
  ended(jobId: JobId, run: EndedRun): void {
    if (this.#runs.get(jobId) === run) this.#runs.delete(jobId);
    this.#ending.add(run);
    void run.idle().then(() => this.#ending.delete(run));
    if (!this.#services.draining) this.#takeUp(jobId, false);
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
    } else if (hasCode(head) && WORK.has(pending.conditionNow)) {
      this.#begin(jobId, pending);
    }
  }

  /** A run takes memory: it is made when there is a worker for it. */
  #begin(jobId: JobId, job: PendingJob): void {
    const { head } = job;
    const definition = this.#parts.registry.get(head.type);
    if (definition === undefined || head.state === "Created") return;
    const wanted = {
      priority: head.priority,
      order: head.startedBy,
      type: definition.type,
      begins: head.state === "Running",
    };
    const services = isThreaded(definition) ? this.#parts.threadServices : this.#services;
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
    if (!isTerminal(head) && head.suspendedBy === undefined && !isToBeUndone) return;
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

/** A waiting job needs no run yet; one that backs off may have other branches that can run. */
const WORK: ReadonlySet<Condition> = new Set(["queued", "backingOff", "compensating"]);
