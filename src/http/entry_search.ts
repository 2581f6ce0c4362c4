/**
 * Entries that pass a filter, from a position back or ahead. A rare match must not cost the
 * reading of a whole journal: a search looks at so many entries at most, and says at which.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { EnginePort } from "./engine_port.ts";
import { type EntryFilter, feedOf, passes, type Scan } from "./feed.ts";

const READ_AT_ONCE_MAX = 500;

export interface EntrySearch {
  readonly engine: EnginePort;
  readonly filter: EntryFilter;
  readonly onlyTransitions: boolean;
  /** Entries to find. */
  readonly limit: number;
  /** Entries to look at. */
  readonly lookMax: number;
}

export interface EntriesFound {
  /** Newest first. */
  readonly entries: readonly JobEventLogEntry[];
  /** All entries from here to `to`, both included, were considered; none when it is beyond. */
  readonly from: LogId;
  readonly to: LogId;
  /** How many were read: of a known job only its own are. */
  readonly looked: number;
}

type ReadOn = (position: LogId, size: number) => Promise<Scan>;

/** The newest entries below a position. */
export async function searchBack(search: EntrySearch, before: LogId): Promise<EntriesFound> {
  const to = Math.min(before - 1, search.engine.headLogId);
  const { found, looked, position } = await collect(search, to + 1, backReader(search));
  return { entries: found, from: position, to, looked };
}

/** The oldest entries above a position. */
export async function searchAhead(search: EntrySearch, after: LogId): Promise<EntriesFound> {
  const feed = feedOf(search.engine, search.filter.jobId);
  const readOn: ReadOn = (position, size) => feed.read(position, size);
  const { found, looked, position } = await collect(search, after, readOn);
  return { entries: found.reverse(), from: after + 1, to: position, looked };
}

interface Collected {
  readonly found: JobEventLogEntry[];
  readonly looked: number;
  /** Where the search ended: the last position considered. */
  readonly position: LogId;
}

async function collect(search: EntrySearch, start: LogId, readOn: ReadOn): Promise<Collected> {
  const { limit, lookMax } = search;
  const found: JobEventLogEntry[] = [];
  let [position, looked] = [start, 0];
  while (looked < lookMax) {
    const scan = await readOn(position, Math.min(READ_AT_ONCE_MAX, lookMax - looked));
    for (const entry of scan.entries) {
      looked += 1;
      if (!isWanted(entry, search)) continue;
      found.push(entry);
      if (found.length === limit) return { found, looked, position: entry.logId };
    }
    position = scan.scannedTo;
    if (scan.caughtUp) break;
  }
  return { found, looked, position };
}

function isWanted(entry: JobEventLogEntry, search: EntrySearch): boolean {
  return passes(entry, search.filter) &&
    (!search.onlyTransitions || search.engine.transitionAt(entry) !== undefined);
}

/** Reads below a position, newest first; caught up means that the first entry was read. */
function backReader({ engine, filter: { jobId } }: EntrySearch): ReadOn {
  return jobId !== undefined && engine.job(jobId) !== undefined
    ? (position, size) => jobBack(engine, jobId, position, size)
    : (position, size) => journalBack(engine, position, size);
}

async function journalBack(engine: EnginePort, before: LogId, size: number): Promise<Scan> {
  const after = Math.max(0, before - 1 - size);
  const entries = after >= before - 1 ? [] : await engine.entries(after, before - 1 - after);
  return { entries: entries.toReversed(), scannedTo: after + 1, caughtUp: after === 0 };
}

/** What lies below the first entry of a job is none of it. */
async function jobBack(
  engine: EnginePort,
  jobId: JobId,
  before: LogId,
  size: number,
): Promise<Scan> {
  const entries = await engine.historyBack(jobId, before, size);
  const caughtUp = entries.length < size;
  return { entries, scannedTo: caughtUp ? 1 : entries.at(-1)?.logId ?? 1, caughtUp };
}
