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
import { lookingBack } from "../guard/capacity.ts";
import type { HttpDeps } from "../http_deps.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../answers/large_answer.ts";
import { joined } from "../../core/json_text.ts";
import { type Contents, json } from "../route.ts";
import { requestPermit } from "../guard/viewer.ts";
import { STATUS } from "../problems/problem.ts";
import { preferredType } from "../requests/request.ts";
import { streamResponse } from "../answers/response.ts";
import { generatedBody } from "../stream/outlets.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import {
  entryCharacters,
  type Lane,
  PageSize,
  type ReserveMemory,
} from "../../engine/queries/entry_pages.ts";
import { type EntryFilter, type Feed, passes, type Scan } from "../stream/feed.ts";

const LIMIT_DEFAULT = 100;
const NDJSON = "application/x-ndjson";

/**
 * @param scope The list whose cursors are accepted.
 */
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

/** Answers with a page, or with lines. */
export const ENTRIES: Contents = {
  ...json(entriesAnswer),
  [NDJSON]: {
    schema: {
      json: {
        type: "string",
        description: "For Accept: application/x-ndjson. One entry per line.",
      },
    },
    item: { $ref: "#/components/schemas/Entry" },
  },
};

type PageQuery = Query<ReturnType<typeof entryPageParameters>>;

/**
 * @param source The feed, and the start position unless a cursor gives another.
 */
export async function answerEntries(
  c: Context,
  deps: HttpDeps,
  query: PageQuery,
  source: Omit<PageRequest, "limit" | "reading" | "hold">,
): Promise<Response> {
  const cursor = notBeyondHead(query.cursor, deps.engine.headLogId, { parameter: "cursor" });
  const after = cursor ?? source.after;
  const { limit } = query;
  if (preferredType(c, "application/json", NDJSON) !== NDJSON) {
    return await lookingBack(deps, async ({ hold }) => {
      const wanted = { ...source, after, limit: limit ?? LIMIT_DEFAULT };
      const page = await entryPage({ ...wanted, reading: deps.reading, hold });
      return largeJsonResponse(deps, page, STATUS.ok, {}, PAGE_CHARACTERS_MAX);
    });
  }
  deps.outlets.requireRoom();
  const { reading } = deps;
  const lines = {
    ...source,
    reading,
    after,
    upTo: deps.engine.headLogId,
    limit: limit ?? Infinity,
  };
  // A client may download a file as slowly as it likes.
  const options = { keeper: deps.outlets, permit: requestPermit(c), neverStalls: true };
  const body = generatedBody((signal) => entryLines(lines, signal), options);
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

interface PageRequest {
  readonly feed: Feed;
  readonly filter: EntryFilter;
  readonly after: LogId;
  readonly limit: number;
  readonly scope: CursorScope;
  /** Serializes the reading of pages. */
  readonly reading: Lane;
  readonly hold: ReserveMemory;
}

type ReadRequest = Pick<PageRequest, "feed" | "reading">;

/** One page at a time, since its size is known only once it is read. */
async function read({ feed, reading }: ReadRequest, after: LogId, size: PageSize): Promise<Scan> {
  const leave = await reading.enter();
  try {
    const scan = await feed.read(after, size.next);
    size.read(scan.entries);
    return scan;
  } finally {
    leave();
  }
}

/** The next entries that pass the filter, at most `limit`; fewer if they are very large. */
async function entryPage(request: PageRequest): Promise<EntryPage> {
  const { filter, limit, scope, hold } = request;
  const entries: JobEventLogEntry[] = [];
  const size = new PageSize();
  let position = request.after;
  let characters = 0;
  for (let reads = 0; reads < READS_PER_PAGE_MAX; reads++) {
    const scan = await read(request, position, size);
    for (const entry of scan.entries) {
      if (!passes(entry, filter)) continue;
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

interface LinesRequest {
  readonly feed: Feed;
  readonly reading: Lane;
  readonly filter: EntryFilter;
  readonly after: LogId;
  /** The last position to send: the head when the request arrived. */
  readonly upTo: LogId;
  readonly limit: number;
}

/**
 * All entries that pass the filter as NDJSON, in chunks of one or more whole lines.
 *
 * @throws the reason of the signal, so that the client can tell that the file is incomplete.
 */
async function* entryLines(
  { feed, reading, filter, after, upTo, limit }: LinesRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const size = new PageSize();
  let room = limit;
  for (let position = after; position < upTo && room > 0;) {
    signal.throwIfAborted();
    const scan = firstScan(await read({ feed, reading }, position, size));
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
