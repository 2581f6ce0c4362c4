/**
 * Records facts about jobs and tells what each did, once it is durable. Keeps the
 * correlation index in step: a job is filed as soon as its start has a position, so
 * that an event with a later position finds it; should the start never become durable,
 * neither does any later event.
 */

import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobPlan } from "../core/job_plan.ts";
import { isTerminal } from "../core/job_state.ts";
import type { CorrelationIndex } from "./correlation_index.ts";
import type { EventEngine } from "./event_engine.ts";
import { refuseEntry } from "./framework_schemas.ts";
import type { Applied, JobTable } from "./job_table.ts";
import { type Appended, type Clock, JournalFullError } from "./ports.ts";

/** A group that was given positions. */
export interface Recording {
  readonly entries: readonly JobEventLogEntry[];
  /**
   * Resolves when the group is durable, with what each entry did to its job; rejects
   * with `JournalFullError` or `JournalFailedError`.
   */
  readonly applied: Promise<readonly (Applied | undefined)[]>;
}

/** Filled in when the entry has become durable. */
interface Awaited {
  applied: Applied | undefined;
}

export class Recorder {
  readonly #clock: Clock;
  readonly #events: EventEngine;
  readonly #table: JobTable;
  readonly #index: CorrelationIndex;
  /** Positions whose effect somebody waits to hear of. */
  readonly #awaited = new Map<LogId, Awaited>();

  /** The monotonic time of the last write that found no room, unless one has since. */
  fullSinceMs: number | undefined;

  constructor(clock: Clock, events: EventEngine, table: JobTable, index: CorrelationIndex) {
    this.#clock = clock;
    this.#events = events;
    this.#table = table;
    this.#index = index;
  }

  /**
   * Records a group: all of it, or nothing.
   *
   * @throws {TypeError} when a fact of the framework has a shape that the next start would
   * refuse to read: that is a defect, and must not get into the journal.
   */
  record(drafts: readonly EventDraft[]): Recording {
    for (const draft of drafts) {
      const reason = refuseEntry(draft);
      if (reason !== undefined) throw new TypeError(`Cannot record ${draft.eventType}: ${reason}`);
    }
    const appended = this.#events.record(drafts);
    this.#fileStarted(appended);
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
    const applied = this.#table.apply(entry);
    if (applied === undefined) return undefined;
    const awaited = this.#awaited.get(entry.logId);
    if (awaited !== undefined) awaited.applied = applied;
    if (isTerminal(applied.job)) this.#index.remove(applied.job.jobId);
    return applied;
  }

  async #applied(
    appended: Appended,
    awaited: readonly Awaited[],
  ): Promise<readonly (Applied | undefined)[]> {
    try {
      await appended.durable;
      this.fullSinceMs = undefined;
      return awaited.map(({ applied }) => applied);
    } catch (error) {
      if (error instanceof JournalFullError) this.fullSinceMs = this.#clock.monotonic();
      throw error;
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

  #fileStarted(appended: Appended): void {
    for (const entry of appended.entries) {
      if (entry.eventType !== "job.JobStarted" || entry.jobId === undefined) continue;
      const { jobId } = entry;
      const plan = planIn(appended.entries, jobId) ?? this.#table.job(jobId)?.plan;
      if (plan === undefined) continue;
      this.#index.add(jobId, plan);
      appended.durable.catch(() => this.#index.remove(jobId));
    }
  }
}

function planIn(entries: readonly JobEventLogEntry[], jobId: JobId): JobPlan | undefined {
  for (const entry of entries) {
    if (entry.stratum !== "framework" || entry.jobId !== jobId) continue;
    if (entry.eventType === "job.JobCreated") return entry.attributes.plan;
  }
  return undefined;
}
