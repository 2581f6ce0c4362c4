/** Finds the entries that a page of the stream shows. */

import type { Edge } from "../../edge.ts";
import type { EnginePort } from "../../engine_port.ts";
import {
  type EntriesFound,
  type EntrySearch,
  searchAhead,
  searchBack,
} from "../../entry_search.ts";
import type { StreamQuery } from "./stream_query.ts";

/** Rows of one page. */
export const ROWS_MAX = 100;
/** What a page reads of the journal at most, however rare what passes. */
const LOOK_MAX = 10_000;

export async function findEntries({ engine }: Edge, query: StreamQuery): Promise<EntriesFound> {
  const { after, before, since } = query;
  const search = searchOf(engine, query);
  if (after !== undefined) return await searchAhead(search, after);
  if (before !== undefined) return await searchBack(search, before);
  return since === undefined
    ? await searchBack(search, engine.headLogId + 1)
    : await searchSince(search, since);
}

/** The newest, and none that a reader has already. */
async function searchSince(search: EntrySearch, since: number): Promise<EntriesFound> {
  const head = search.engine.headLogId;
  const lookMax = Math.min(search.lookMax, Math.max(0, head - since));
  const found = await searchBack({ ...search, lookMax }, head + 1);
  return {
    ...found,
    entries: found.entries.filter(({ logId }) => logId > since),
    from: Math.max(found.from, since + 1),
  };
}

function searchOf(engine: EnginePort, query: StreamQuery): EntrySearch {
  return {
    engine,
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
