/** The entries of jobs, read from the journal: the table of jobs has only their positions. */

import { ascending } from "../../core/ascending.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobHead } from "../../core/job_state.ts";
import { type TraceIds, traceOfEntry } from "../../core/trace_ids.ts";
import { EntryPages } from "../entry_pages.ts";
import type { EntriesAt, Journal } from "../ports.ts";
import type { EventEngine } from "./event_engine.ts";
import type { JobTable } from "./job_table.ts";

export class JobEntryReader {
  /** For callers that read all entries of a job. */
  readonly pages: EntryPages = new EntryPages(this);

  constructor(private readonly events: EventEngine, private readonly table: JobTable) {}

  get journal(): Journal {
    return this.events.journal;
  }

  /** The positions of a job's entries, ascending; empty when there is no such job. */
  positions(jobId: JobId): readonly LogId[] {
    return this.table.trails.logIds(jobId, 0, Infinity);
  }

  /** Whether a job has more entries than this. Costs no more than counting up to there. */
  hasOver(count: number, jobId: JobId): boolean {
    return this.table.trails.logIds(jobId, 0, count + 1).length > count;
  }

  /** The entries of a job after a position, oldest first, at most `limit`. */
  async of(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return await this.at(this.table.trails.logIds(jobId, after, limit));
  }

  /** The entries of a job before a position, newest first, at most `limit`. */
  async back(jobId: JobId, before: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return (await this.at(this.table.trails.logIdsBack(jobId, before, limit))).toReversed();
  }

  async at(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return logIds.length === 0 ? [] : await this.journal.readAt(logIds);
  }

  /** The entries at these positions, in any order, by position. */
  async byPosition(logIds: Iterable<LogId>): Promise<ReadonlyMap<LogId, JobEventLogEntry>> {
    const entries = await this.at(ascending(logIds));
    return new Map(entries.map((entry) => [entry.logId, entry]));
  }
}

/** The trace context recorded by the entry that created a job. */
export async function createdIn(
  { firstLogId }: JobHead,
  entriesAt: EntriesAt,
): Promise<TraceIds | undefined> {
  const [created] = await entriesAt([firstLogId]);
  return created === undefined ? undefined : traceOfEntry(created);
}
