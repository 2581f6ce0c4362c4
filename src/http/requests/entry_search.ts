/**
 * Finds entries that pass a filter, before or after a position. So that a rare match does not read
 * the whole journal, a search examines a limited number of entries, and reports which.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { type Lane, PageSize } from "../../engine/queries/entry_pages.ts";
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
  readonly onlyTransitions: boolean;
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
  const { found, examined, position } = await collect(search, to + 1, backReader(search));
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
  const { limit, examineMax, reading, show } = search;
  const found: Shown[] = [];
  const size = new PageSize(READ_AT_ONCE_MAX);
  let [position, examined] = [start, 0];
  while (examined < examineMax) {
    const leave = await reading.enter();
    try {
      const scan = await readOn(position, Math.min(size.next, examineMax - examined));
      size.read(scan.entries);
      for (const entry of scan.entries) {
        examined += 1;
        if (!isWanted(entry, search)) continue;
        found.push(await show(entry));
        if (found.length === limit) return { found, examined, position: entry.logId };
      }
      position = scan.scannedTo;
      if (scan.caughtUp) break;
    } finally {
      leave();
    }
  }
  return { found, examined, position };
}

type Wanted = Pick<EntrySearch<unknown>, "engine" | "filter" | "onlyTransitions">;

function isWanted(entry: JobEventLogEntry, search: Wanted): boolean {
  return passes(entry, search.filter) &&
    (!search.onlyTransitions || search.engine.transitionAt(entry) !== undefined);
}

/** Reads below a position, newest first; `caughtUp` means that the first entry was read. */
function backReader({ engine, filter: { jobId } }: Wanted): ReadOn {
  return jobId !== undefined && engine.job(jobId) !== undefined
    ? (position, size) => jobBack(engine, jobId, position, size)
    : (position, size) => journalBack(engine, position, size);
}

async function journalBack(engine: JobEngine, before: LogId, size: number): Promise<Scan> {
  const after = Math.max(0, before - 1 - size);
  const entries = after >= before - 1 ? [] : await engine.entries(after, before - 1 - after);
  return { entries: entries.toReversed(), scannedTo: after + 1, caughtUp: after === 0 };
}

/** No entry before the first one of a job belongs to it, so the search is complete there. */
async function jobBack(
  engine: JobEngine,
  jobId: JobId,
  before: LogId,
  size: number,
): Promise<Scan> {
  const entries = await engine.history.back(jobId, before, size);
  const caughtUp = entries.length < size;
  return { entries, scannedTo: caughtUp ? 1 : entries.at(-1)?.logId ?? 1, caughtUp };
}
