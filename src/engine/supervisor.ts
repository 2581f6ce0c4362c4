/**
 * Keeps a run for every job that has something to do: begins it when the job becomes
 * ready, tells it of its job's entries, and takes jobs up again after a restart.
 */

import { conditionOf } from "../core/condition.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../core/job_state.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import { interruptions, withTheirTraces } from "./interruptions.ts";
import { JobRun } from "./job_run.ts";
import type { Applied, JobTable } from "./job_table.ts";
import type { RunServices } from "./run_services.ts";

export class Supervisor {
  readonly #services: RunServices;
  readonly #registry: DefinitionRegistry;
  readonly #table: JobTable;
  readonly #runs = new Map<JobId, JobRun>();
  /** Runs that are over, while an attempt of theirs has not ended yet. */
  readonly #ending = new Set<JobRun>();

  constructor(services: RunServices, registry: DefinitionRegistry, table: JobTable) {
    this.#services = services;
    this.#registry = registry;
    this.#table = table;
  }

  /** An entry of a job has become durable. */
  see(applied: Applied): void {
    const { job } = applied;
    const run = this.#runs.get(job.jobId);
    if (run !== undefined) run.see(applied);
    else this.#takeUp(job, applied.entry.eventType === "job.JobCreated");
  }

  /** The run of a job is over; when it only gave way, a new one may have to follow. */
  ended(jobId: JobId): void {
    const run = this.#runs.get(jobId);
    this.#runs.delete(jobId);
    if (run !== undefined) this.#watchEnding(run);
    if (!this.#services.draining) this.#takeUp(this.#services.job(jobId), false);
  }

  /**
   * Takes up the jobs that a stop left unfinished.
   *
   * @param restart The `journal.Recovered` entry, after a stop that was not clean.
   */
  async recover(restart: LogId | undefined): Promise<void> {
    const unfinished = [...this.#table.jobs()].filter((job) => !isTerminal(job));
    const drafts = unfinished.flatMap((job) => interruptions(job, restart));
    if (drafts.length > 0) {
      const { job, entriesAt } = this.#services;
      await this.#services.record(await withTheirTraces(drafts, job, entriesAt));
    }
    for (const { jobId } of unfinished) {
      const job = this.#services.job(jobId);
      if (!this.#runs.has(jobId)) this.#takeUp(job, true);
    }
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
  async recordShutdown(): Promise<void> {
    const records = [...this.#runs.values()].map((run) =>
      run.recordShutdown().catch((error) => this.#services.onDefect(error))
    );
    await Promise.all(records);
  }

  #watchEnding(run: JobRun): void {
    this.#ending.add(run);
    void run.idle().then(() => this.#ending.delete(run));
  }

  #takeUp(job: JobState, isNew: boolean): void {
    if (job.state === "Created") {
      if (isNew && job.startAt !== undefined) this.#scheduleStart(job.jobId, job.startAt);
      return;
    }
    if (!hasCode(job) || job.suspendedBy !== undefined) return;
    const condition = conditionOf(job);
    // A job that waits sleeps on; one that backs off may have other branches to go on with.
    if (["queued", "backingOff", "compensating"].includes(condition)) this.#begin(job);
  }

  #begin(job: JobState): void {
    const definition = this.#registry.get(job.type);
    if (definition === undefined) return;
    const run = new JobRun(this.#services, definition, job);
    this.#runs.set(job.jobId, run);
    run.wake();
  }

  #scheduleStart(jobId: JobId, startAt: string): void {
    this.#services.scheduler.at(Date.parse(startAt), () => {
      void this.#services.command(jobId, { kind: "start" }, "ordinary");
    });
  }
}
