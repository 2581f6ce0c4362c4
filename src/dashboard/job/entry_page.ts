/** Which of a job's entries its page shows. */

import type { LogId } from "../../core/ids.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { EntryPages } from "../../engine/queries/entry_pages.ts";
import { type ShownEntry, shownEntry } from "../parts/shown_entry.ts";

export const ORDERS = ["oldest", "newest"] as const;
export type EntryOrder = (typeof ORDERS)[number];

export interface EntryPage {
  readonly entries: readonly ShownEntry[];
  readonly order: EntryOrder;
  /** From 1; pages are counted from the oldest entry, whatever the order, so that they stay. */
  readonly number: number;
  readonly count: number;
  readonly total: number;
  /** The one that was asked for. */
  readonly wanted: LogId | undefined;
}

export interface EntryPageRequest {
  readonly order: EntryOrder;
  /** The last one, unless given. */
  readonly number: number | undefined;
  readonly wanted: LogId | undefined;
}

const PAGE_SIZE = 50;
/** Of each, in the page; all of it is one click away. */
export const ENTRY_JSON_MAX = 3_000;

/**
 * A page is the same entries whenever it is asked for: more only come to the last one.
 *
 * @param logIds Of all of them, the oldest first.
 */
export async function readEntryPage(
  deps: HttpDeps,
  logIds: readonly LogId[],
  { order, number, wanted }: EntryPageRequest,
): Promise<EntryPage> {
  const count = Math.max(1, Math.ceil(logIds.length / PAGE_SIZE));
  const place = wanted === undefined ? -1 : logIds.indexOf(wanted);
  const chosen = place >= 0 ? Math.floor(place / PAGE_SIZE) + 1 : number ?? count;
  const shown = Math.min(count, chosen);
  const entries: ShownEntry[] = [];
  const { engine, reading } = deps;
  const pages = new EntryPages({ at: (positions) => engine.entriesAt(positions) }, reading);
  for await (const page of pages.of(logIds.slice((shown - 1) * PAGE_SIZE, shown * PAGE_SIZE))) {
    for (const entry of page) entries.push(await shownEntry(deps, entry, ENTRY_JSON_MAX));
  }
  return {
    entries: order === "oldest" ? entries : entries.toReversed(),
    order,
    number: shown,
    count,
    total: logIds.length,
    wanted,
  };
}
