/**
 * Records facts about jobs and tells what each did, once it is durable. Keeps the
 * indexes in step: a job is filed as soon as its creation or start has a position, so
 * that an event with a later position finds it; should that never become durable, neither
 * does any later event.
 */

import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { COMPENSATION_ENDS, type JobPlan } from "../core/job_plan.ts";
import { isTerminal } from "../core/job_state.ts";
import type { CorrelationIndex } from "./correlation_index.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FactIndex } from "./fact_index.ts";
import { refuseEntry } from "./framework_schemas.ts";
import type { Applied, JobTable } from "./job_table.ts";
import type { Appended, Urgency } from "./ports.ts";

/** A group that was given positions. */
export interface Recording {
  readonly entries: readonly JobEventLogEntry[];
  /**
   * Resolves when the group is durable, with what each entry did to its job; rejects
   * with `JournalFullError` or `JournalFailedError`.
   */
  readonly applied: Promise<readonly (Applied | undefined)[]>;
}

export interface Indexes {
  /** Jobs that have started and not ended. */
  readonly started: CorrelationIndex;
  /** Jobs that have been created and not started. */
  readonly unstarted: CorrelationIndex;
  readonly facts: FactIndex;
}

/** Filled in when the entry has become durable. */
interface Awaited {
  applied: Applied | undefined;
}

export class Recorder {
  readonly #events: EventEngine;
  readonly #table: JobTable;
  readonly #indexes: Indexes;
  /** Positions whose effect somebody waits to hear of. */
  readonly #awaited = new Map<LogId, Awaited>();

  constructor(events: EventEngine, table: JobTable, indexes: Indexes) {
    this.#events = events;
    this.#table = table;
    this.#indexes = indexes;
  }

  /** Files all jobs that wait, once the journal has been replayed. */
  fileAll(): void {
    const { started, unstarted } = this.#indexes;
    for (const { jobId, plan, state } of this.#table.jobs()) {
      if (state === "Running") started.add(jobId, plan);
      if (state === "Compensating") started.add(jobId, plan, COMPENSATION_ENDS);
      if (state === "Created") unstarted.add(jobId, plan, []);
    }
  }

  /**
   * Records a group: all of it, or nothing.
   *
   * @param urgency What becomes of it when the disk is full.
   * @throws {TypeError} when a fact of the framework has a shape that the next start would
   * refuse to read: that is a defect, and must not get into the journal.
   */
  record(drafts: readonly EventDraft[], urgency: Urgency = "ordinary"): Recording {
    for (const draft of drafts) {
      const reason = refuseEntry(draft);
      if (reason !== undefined) throw new TypeError(`Cannot record ${draft.eventType}: ${reason}`);
    }
    const appended = this.#events.record(drafts, urgency);
    this.#fileJobs(appended);
    const awaited = appended.entries.map((): Awaited => ({ applied: undefined }));
    appended.entries.forEach(({ logId }, index) => {
      const slot = awaited[index];
      if (slot !== undefined) this.#awaited.set(logId, slot);
    });
    return { entries: appended.entries, applied: this.#applied(appended, awaited) };
  }

  /** Projects an entry that is durable. */
  see(entry: JobEventLogEntry): Applied | undefined {
    this.#events.seen(entry);
    this.#indexes.facts.add(entry);
    const applied = this.#table.apply(entry);
    if (applied === undefined) return undefined;
    const awaited = this.#awaited.get(entry.logId);
    if (awaited !== undefined) awaited.applied = applied;
    this.#refile(applied);
    return applied;
  }

  #refile({ job, rule }: Applied): void {
    const { started } = this.#indexes;
    if (isTerminal(job)) started.remove(job.jobId);
    if (rule === "running/error-compensating") {
      started.refile(job.jobId, job.plan, COMPENSATION_ENDS);
    }
  }

  async #applied(
    appended: Appended,
    awaited: readonly Awaited[],
  ): Promise<readonly (Applied | undefined)[]> {
    try {
      await appended.durable;
      return awaited.map(({ applied }) => applied);
    } finally {
      this.#forget(appended, awaited);
    }
  }

  /** After a failure the positions may already be those of another group. */
  #forget({ entries }: Appended, awaited: readonly Awaited[]): void {
    entries.forEach(({ logId }, index) => {
      if (this.#awaited.get(logId) === awaited[index]) this.#awaited.delete(logId);
    });
  }

  /** A job that starts in the group that creates it, as most do, is filed once. */
  #fileJobs(appended: Appended): void {
    const { entries } = appended;
    for (const entry of entries) {
      if (entry.stratum !== "framework" || entry.jobId === undefined) continue;
      if (entry.eventType === "job.JobStarted") this.#fileStarted(entry.jobId, appended);
      if (entry.eventType !== "job.JobCreated" || startsIn(entries, entry.jobId)) continue;
      this.#fileCreated(entry.jobId, entry.attributes.plan, appended);
    }
  }

  #fileCreated(jobId: JobId, plan: JobPlan, { durable }: Appended): void {
    this.#indexes.unstarted.add(jobId, plan, []);
    durable.catch(() => this.#indexes.unstarted.remove(jobId));
  }

  #fileStarted(jobId: JobId, { entries, durable }: Appended): void {
    const { started, unstarted } = this.#indexes;
    const plan = planIn(entries, jobId) ?? this.#table.job(jobId)?.plan;
    if (plan === undefined) return;
    unstarted.remove(jobId);
    started.add(jobId, plan);
    durable.catch(() => {
      started.remove(jobId);
      if (this.#table.job(jobId)?.state === "Created") unstarted.add(jobId, plan, []);
    });
  }
}

function startsIn(entries: readonly JobEventLogEntry[], jobId: JobId): boolean {
  return entries.some((entry) => entry.eventType === "job.JobStarted" && entry.jobId === jobId);
}

function planIn(entries: readonly JobEventLogEntry[], jobId: JobId): JobPlan | undefined {
  for (const entry of entries) {
    if (entry.stratum !== "framework" || entry.jobId !== jobId) continue;
    if (entry.eventType === "job.JobCreated") return entry.attributes.plan;
  }
  return undefined;
}
