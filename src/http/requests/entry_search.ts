/**
 * Finds entries that pass a filter, before or after a position. So that a rare match does not read
 * the whole journal, a search examines a limited number of entries, and reports which.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Lane } from "../../engine/lane.ts";
import { PageSize } from "../../engine/queries/entry_pages.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { type EntryFilter, passes, type Scan, selectFeed } from "../stream/feed.ts";

const READ_AT_ONCE_MAX = 500;

export interface EntrySearch<Shown> {
  readonly engine: JobEngine;
  /** Serializes the reading of pages. */
  readonly reading: Lane;
  /** Converts an entry that was found. */
  readonly show: (entry: JobEventLogEntry) => Promise<Shown>;
  readonly filter: EntryFilter;
  /** The most entries to find. */
  readonly limit: number;
  /** The most entries to examine. */
  readonly examineMax: number;
}

export interface EntriesFound<Shown> {
  /** Newest first. */
  readonly entries: readonly Shown[];
  /** All entries from here to `to`, both included, were examined; none if `from` is beyond `to`. */
  readonly from: LogId;
  readonly to: LogId;
  /** How many entries were examined: for a known job, only its own. */
  readonly examined: number;
}

type ReadOn = (position: LogId, size: number) => Promise<Scan>;

/** The newest entries below a position. */
export async function searchBack<Shown>(
  search: EntrySearch<Shown>,
  before: LogId,
): Promise<EntriesFound<Shown>> {
  const to = Math.min(before - 1, search.engine.headLogId);
  const feed = selectFeed(search.engine, search.filter.jobId);
  const readOn: ReadOn = (position, size) => feed.back(position, size);
  const { found, examined, position } = await collect(search, to + 1, readOn);
  return { entries: found, from: position, to, examined };
}

/** The oldest entries above a position. */
export async function searchAhead<Shown>(
  search: EntrySearch<Shown>,
  after: LogId,
): Promise<EntriesFound<Shown>> {
  const feed = selectFeed(search.engine, search.filter.jobId);
  const readOn: ReadOn = (position, size) => feed.read(position, size);
  const { found, examined, position } = await collect(search, after, readOn);
  return { entries: found.reverse(), from: after + 1, to: position, examined };
}

interface Collected<Shown> {
  readonly found: Shown[];
  readonly examined: number;
  /** The last position examined. */
  readonly position: LogId;
}

async function collect<Shown>(
  search: EntrySearch<Shown>,
  start: LogId,
  readOn: ReadOn,
): Promise<Collected<Shown>> {
  const { engine, filter, limit, examineMax, reading, show } = search;
  const found: Shown[] = [];
  const size = new PageSize(READ_AT_ONCE_MAX);
  let [position, examined] = [start, 0];
  while (examined < examineMax) {
    using _turn = await reading.enter();
    const scan = await readOn(position, Math.min(size.next, examineMax - examined));
    size.read(scan.entries);
    for (const entry of scan.entries) {
      examined += 1;
      if (!passes(entry, filter, engine)) continue;
      found.push(await show(entry));
      if (found.length === limit) return { found, examined, position: entry.logId };
    }
    position = scan.scannedTo;
    if (scan.caughtUp) break;
  }
  return { found, examined, position };
}
