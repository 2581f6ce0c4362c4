/** Reads a job's entries from the journal. The engine keeps only their positions. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { Journal } from "../ports.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { JobTable } from "../writer/job_table.ts";
import { EntryPages } from "./entry_pages.ts";

export class JobEntryReader {
  readonly #events: EventEngine;
  readonly #table: JobTable;
  /** For callers that read all entries of a job. */
  readonly pages: EntryPages = new EntryPages(this);

  constructor(events: EventEngine, table: JobTable) {
    this.#events = events;
    this.#table = table;
  }

  get journal(): Journal {
    return this.#events.journal;
  }

  /** The positions of a job's entries, ascending; empty when there is no such job. */
  positions(jobId: JobId): readonly LogId[] {
    return this.#table.trails.logIds(jobId, 0, Infinity);
  }

  /** The entries of a job after a position, oldest first, at most `limit`. */
  async of(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return await this.at(this.#table.trails.logIds(jobId, after, limit));
  }

  /** The entries of a job before a position, newest first, at most `limit`. */
  async back(jobId: JobId, before: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return (await this.at(this.#table.trails.logIdsBack(jobId, before, limit))).toReversed();
  }

  async at(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return logIds.length === 0 ? [] : await this.journal.readAt(logIds);
  }

  async find(eventId: EventId): Promise<JobEventLogEntry | undefined> {
    return await this.#events.find(eventId);
  }
}
