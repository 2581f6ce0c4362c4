/** Finds the entries that a page of the stream shows. */

import type { HttpDeps } from "../../http/http_deps.ts";
import {
  type EntriesFound,
  type EntrySearch,
  searchAhead,
  searchBack,
} from "../../http/requests/entry_search.ts";
import { type ShownEntry, shownEntry } from "../parts/shown_entry.ts";
import type { StreamQuery } from "./stream_query.ts";

/** Rows of one page. */
export const ROWS_MAX = 100;
/** What a page reads of the journal at most, however rare what passes. */
const LOOK_MAX = 10_000;

/** Of each entry, in the page; all of it is one click away. */
const ENTRY_JSON_MAX = 1_500;

export async function findEntries(
  deps: HttpDeps,
  query: StreamQuery,
): Promise<EntriesFound<ShownEntry>> {
  const { after, before, since } = query;
  const search = searchOf(deps, query);
  if (after !== undefined) return await searchAhead(search, after);
  if (before !== undefined) return await searchBack(search, before);
  return since === undefined
    ? await searchBack(search, deps.engine.headLogId + 1)
    : await searchSince(search, since);
}

/** The newest, and none that a reader has already. */
async function searchSince(
  search: EntrySearch<ShownEntry>,
  since: number,
): Promise<EntriesFound<ShownEntry>> {
  const head = search.engine.headLogId;
  const lookMax = Math.min(search.lookMax, Math.max(0, head - since));
  const found = await searchBack({ ...search, lookMax }, head + 1);
  return {
    ...found,
    entries: found.entries.filter(({ logId }) => logId > since),
    from: Math.max(found.from, since + 1),
  };
}

function searchOf(deps: HttpDeps, query: StreamQuery): EntrySearch<ShownEntry> {
  return {
    engine: deps.engine,
    reading: deps.reading,
    show: (entry) => shownEntry(deps, entry, ENTRY_JSON_MAX),
    filter: {
      jobId: query.jobId,
      stratum: query.stratum,
      eventTypes: query.types && new Set(query.types),
    },
    onlyTransitions: query.only !== undefined,
    limit: ROWS_MAX,
    lookMax: LOOK_MAX,
  };
}
