/** Pages and lines of journal entries; an entry is shown as it is recorded. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { type JsonObject, jsonSize } from "../core/json.ts";
import { cursorOf, type CursorScope } from "./cursor.ts";
import { type EntryFilter, type Feed, passes } from "./feed.ts";
import { joined, PAGE_CHARACTERS_MAX } from "./large_answer.ts";

/** Reads for one page, so that a rare match does not read everything. */
const READS_PER_PAGE_MAX = 160;
/** So few that the largest entries take no more memory than a few requests do. */
const READ_AT_ONCE = 64;
/** Of an entry, beside its attributes. */
const ENTRY_CHARACTERS = 400;

export interface EntryPage {
  readonly entries: readonly JobEventLogEntry[];
  /** Present when there may be more, even after an empty page. */
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly feed: Feed;
  readonly filter: EntryFilter;
  readonly after: LogId;
  readonly limit: number;
  readonly scope: CursorScope;
}

/** The next entries that pass, at most `limit`; fewer when they are very large. */
export async function entryPage(request: PageRequest): Promise<EntryPage> {
  const { feed, filter, limit, scope } = request;
  const entries: JobEventLogEntry[] = [];
  let position = request.after;
  let characters = 0;
  for (let reads = 0; reads < READS_PER_PAGE_MAX; reads++) {
    const scan = await feed.read(position, READ_AT_ONCE);
    for (const entry of scan.entries) {
      if (!passes(entry, filter)) continue;
      entries.push(entry);
      characters += ENTRY_CHARACTERS + jsonSize(entry.attributes as JsonObject);
      if (entries.length < limit && characters < PAGE_CHARACTERS_MAX) continue;
      const isLast = scan.caughtUp && entry === scan.entries.at(-1);
      return { entries, nextCursor: isLast ? null : cursorOf(scope, entry.logId) };
    }
    if (scan.caughtUp) return { entries, nextCursor: null };
    position = scan.scannedTo;
  }
  return { entries, nextCursor: cursorOf(scope, position) };
}

const LINES_PER_READ = 64;
/** In UTF-16 units; a chunk is over it by one line at most. */
const CHUNK_LENGTH_MAX = 32 * 1024;

export interface LinesRequest {
  readonly feed: Feed;
  readonly filter: EntryFilter;
  readonly after: LogId;
  /** The last position to give: the head when the request came. */
  readonly upTo: LogId;
  readonly limit: number;
}

/**
 * All entries that pass as NDJSON, in chunks of one or more whole lines.
 *
 * @throws the reason of the signal, so that a file cut short is seen to be cut short.
 */
export async function* entryLines(
  { feed, filter, after, upTo, limit }: LinesRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let room = limit;
  for (let position = after; position < upTo && room > 0;) {
    signal.throwIfAborted();
    const scan = await feed.read(position, LINES_PER_READ);
    const entries = scan.entries
      .filter((entry) => entry.logId <= upTo && passes(entry, filter))
      .slice(0, room);
    const lines = entries.values().map((entry) => JSON.stringify(entry) + "\n");
    yield* joined(lines, CHUNK_LENGTH_MAX);
    if (scan.caughtUp) return;
    room -= entries.length;
    position = scan.scannedTo;
  }
}
