/** Answers with entries: a page, or all lines as NDJSON. */

import type { Context } from "hono";
import {
  cursor,
  type CursorScope,
  formatCursor,
  notBeyondHead,
  PAGE_MAX,
  type Query,
  single,
  wholeNumber,
} from "../../documents/parameters.ts";
import { entriesAnswer } from "../../documents/answers/entries.ts";
import { lookingBack } from "../capacity/limits.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "./large_answer.ts";
import { joined } from "../../core/json_text.ts";
import { type Answer, json, linesOf } from "../routing/route.ts";
import { requestPermit } from "../requests/viewer.ts";
import { STATUS } from "../responses/problem.ts";
import { prefers } from "../requests/request.ts";
import { streamResponse } from "../responses/response.ts";
import { generatedBody } from "../stream/outlets.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { entryCharacters, PageSize, type ReserveMemory } from "../../engine/entry_pages.ts";
import { type EntryFilter, type Feed, passes, type Scan, selectFeed } from "../stream/feed.ts";

const LIMIT_DEFAULT = 100;
const NDJSON = "application/x-ndjson";

/** @param scope The list whose cursors are accepted. */
export function entryPageParameters(scope: CursorScope) {
  return {
    limit: single(
      wholeNumber(1, PAGE_MAX.entries),
      `Entries per page. Default: ${LIMIT_DEFAULT}, fewer if they are very large; for ` +
        "NDJSON, all.",
    ),
    cursor: single(cursor(scope), "The nextCursor of the previous page."),
  };
}

export const ENTRIES: Answer = {
  description: "A page, or lines.",
  content: {
    ...json(entriesAnswer),
    ...linesOf("Entry", "For Accept: application/x-ndjson. One entry per line."),
  },
};

type PageQuery = Query<ReturnType<typeof entryPageParameters>>;

/** The entries of a list. */
interface EntryList {
  readonly filter: EntryFilter;
  /** Where the list begins, unless a cursor says otherwise. */
  readonly after: LogId;
  readonly scope: CursorScope;
}

/** A list, and what it is read with. */
interface ListReading extends EntryList, Pick<HttpDeps, "engine" | "reading"> {
  readonly feed: Feed;
  readonly limit: number;
}

export async function answerEntries(
  c: Context,
  deps: HttpDeps,
  query: PageQuery,
  source: EntryList,
): Promise<Response> {
  const { engine, reading, outlets } = deps;
  const cursor = notBeyondHead(query.cursor, engine.headLogId, { parameter: "cursor" });
  const feed = selectFeed(engine, source.filter.jobId);
  const list = { ...source, engine, reading, feed, after: cursor ?? source.after };
  const { limit } = query;
  if (!prefers(c, NDJSON)) {
    return await lookingBack(deps, async ({ hold }) => {
      const page = await entryPage({ ...list, limit: limit ?? LIMIT_DEFAULT }, hold);
      return largeJsonResponse(deps, page, STATUS.ok, {}, PAGE_CHARACTERS_MAX);
    });
  }
  const lines = { ...list, limit: limit ?? Infinity };
  const upTo = engine.headLogId;
  // A client may download a file as slowly as it likes.
  const options = { keeper: outlets, permit: requestPermit(c), neverStalls: true };
  const body = generatedBody((signal) => entryLines(lines, upTo, signal), options);
  return streamResponse(body, NDJSON, STATUS.ok);
}

/**
 * The most reads for one page, so that a filter with few matches does not read the whole journal.
 */
const READS_PER_PAGE_MAX = 160;

interface EntryPage {
  readonly entries: readonly JobEventLogEntry[];
  /** Present if there may be more entries, even after an empty page. */
  readonly nextCursor: string | null;
}

/** One page at a time, since its size is known only once it is read. */
async function read({ feed, reading }: ListReading, after: LogId, size: PageSize): Promise<Scan> {
  using _turn = await reading.enter();
  const scan = await feed.read(after, size.next);
  size.read(scan.entries);
  return scan;
}

/** The next entries that pass the filter, at most `limit`; fewer if they are very large. */
async function entryPage(list: ListReading, hold: ReserveMemory): Promise<EntryPage> {
  const { engine, filter, limit, scope } = list;
  const entries: JobEventLogEntry[] = [];
  const size = new PageSize();
  let position = list.after;
  let characters = 0;
  for (let reads = 0; reads < READS_PER_PAGE_MAX; reads++) {
    const scan = await read(list, position, size);
    for (const entry of scan.entries) {
      if (!passes(entry, filter, engine)) continue;
      const taken = entryCharacters(entry);
      hold(taken);
      entries.push(entry);
      characters += taken;
      if (entries.length < limit && characters < PAGE_CHARACTERS_MAX) continue;
      const isLast = scan.caughtUp && entry === scan.entries.at(-1);
      return { entries, nextCursor: isLast ? null : formatCursor(scope, entry.logId) };
    }
    if (scan.caughtUp) return { entries, nextCursor: null };
    position = scan.scannedTo;
  }
  return { entries, nextCursor: formatCursor(scope, position) };
}

/** In UTF-16 units; a chunk exceeds it by at most one line. */
const CHUNK_LENGTH_MAX = 32 * 1024;

/** The most bytes of lines read ahead of a reader, except the last one. */
const LINES_LENGTH_MAX = 1024 * 1024;

/**
 * All entries that pass the filter as NDJSON, in chunks of one or more whole lines.
 *
 * @param upTo The last position to send: the head when the request arrived.
 * @throws the reason of the signal, so that the client can tell that the file is incomplete.
 */
async function* entryLines(
  list: ListReading,
  upTo: LogId,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const size = new PageSize();
  const { engine, filter } = list;
  let room = list.limit;
  for (let position = list.after; position < upTo && room > 0;) {
    signal.throwIfAborted();
    const scan = firstScan(await read(list, position, size));
    const entries = scan.entries
      .filter((entry) => entry.logId <= upTo && passes(entry, filter, engine))
      .slice(0, room);
    const lines = entries.values().map((entry) => JSON.stringify(entry) + "\n");
    yield* joined(lines, CHUNK_LENGTH_MAX);
    if (scan.caughtUp) return;
    room -= entries.length;
    position = scan.scannedTo;
  }
}

/**
 * The first entries of a large page. A slow client would keep the rest in memory, so it is read
 * again instead.
 */
function firstScan(scan: Scan): Scan {
  let characters = 0;
  const end = scan.entries.findIndex((entry) =>
    (characters += entryCharacters(entry)) > LINES_LENGTH_MAX
  );
  const last = scan.entries[end];
  if (last === undefined || end + 1 === scan.entries.length) return scan;
  return { entries: scan.entries.slice(0, end + 1), scannedTo: last.logId, caughtUp: false };
}
