/**
 * Follows a journal without acting on it: all jobs as projected, and where each event id
 * is. For commands that open a journal offline; the snapshots that it leaves are those of
 * the engine.
 */

import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";
import { isTerminal, type JobState } from "../core/job_state.ts";
import type { MatchableEvent } from "../core/job_plan.ts";
import { CorrelationIndex } from "./correlation_index.ts";
import { EventIdIndex } from "./event_id_index.ts";
import { FactIndex } from "./fact_index.ts";
import { refuseEntry } from "./framework_schemas.ts";
import { JobTable } from "./job_table.ts";
import type { JournalConsumer } from "./ports.ts";
import { captureContent, restoreContent } from "./snapshot_content.ts";
import { interruptions } from "./supervisor.ts";

export class Observer {
  readonly #table = new JobTable();
  readonly #eventIds = new EventIdIndex();
  readonly #facts = new FactIndex();

  /** What the journal tells of its entries; given to it when it is opened. */
  readonly consumer: JournalConsumer = {
    restore: (lines) => restoreContent(lines, this.#table, this.#eventIds, this.#facts),
    replay: (entry) => this.#see(entry),
    durable: (entries) => entries.forEach((entry) => this.#see(entry)),
    capture: () => captureContent(this.#table, this.#eventIds, this.#facts),
    refuse: refuseEntry,
    failed: () => {},
  };

  job(jobId: JobId): JobState | undefined {
    return this.#table.job(jobId);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#table.jobOfKey(idempotencyKey);
  }

  /** Positions, ascending, of entries that may have this id; reading them tells. */
  candidates(eventId: EventId): readonly LogId[] {
    return this.#eventIds.candidates(eventId).toSorted((left, right) => left - right);
  }

  /**
   * What the next start would record of attempts that a crash cut short.
   *
   * @param restart The `journal.Recovered` entry.
   */
  interruptions(restart: LogId): readonly EventDraft[] {
    return [...this.#table.jobs()].filter((job) => !isTerminal(job))
      .flatMap((job) => interruptions(job, restart));
  }

  /** Tells of an event without a job id which jobs expect it, or name it in their policy. */
  expecting(): (event: MatchableEvent) => readonly JobId[] {
    const index = new CorrelationIndex();
    for (const { jobId, plan, state } of this.#table.jobs()) {
      if (state === "Running" || state === "Compensating") index.add(jobId, plan);
    }
    return (event) => index.jobsFor(event);
  }

  #see(entry: JobEventLogEntry): void {
    this.#eventIds.add(entry.eventId, entry.logId);
    this.#facts.add(entry);
    this.#table.apply(entry);
  }
}
