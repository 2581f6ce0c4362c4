/** Entries, read a few at a time: there may be very many, and each may be large. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";

/** So few that a page of the largest entries takes no more memory than a few requests do. */
const PAGE_SIZE = 64;

export interface EntrySource {
  /** The entries at these positions, which ascend. */
  at(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
}

export async function* entryPages(
  source: EntrySource,
  logIds: readonly LogId[],
): AsyncGenerator<readonly JobEventLogEntry[]> {
  for (let start = 0; start < logIds.length; start += PAGE_SIZE) {
    yield await source.at(logIds.slice(start, start + PAGE_SIZE));
  }
}

/** The same, the last page first; within a page in order. */
export async function* entryPagesBack(
  source: EntrySource,
  logIds: readonly LogId[],
): AsyncGenerator<readonly JobEventLogEntry[]> {
  for (let end = logIds.length; end > 0; end -= PAGE_SIZE) {
    yield await source.at(logIds.slice(Math.max(0, end - PAGE_SIZE), end));
  }
}
