/** Finds how many of a job's entries lie at or before a point, reading no more than needed. */

import { assertNever } from "../../core/assert_never.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import {
  beforeText,
  beyondText,
  entryEventIds,
  NO_SUCH_EVENT,
  type Point,
  type ResolvedPoint,
  type Timestamp,
} from "../../core/point.ts";
import type { EntryPages } from "../entry_pages.ts";

/**
 * `resolvePoint` for entries on disk.
 *
 * @param logIds The positions of all entries of the job; at least one.
 */
export async function searchPoint(
  point: Point | undefined,
  pages: EntryPages,
  logIds: readonly LogId[],
  head: LogId,
): Promise<ResolvedPoint> {
  if (point === undefined) return { ok: true, count: logIds.length };
  switch (point.kind) {
    case "logId": {
      if (point.logId > head) return { ok: false, detail: beyondText(head) };
      const count = logIds.findLastIndex((logId) => logId <= point.logId) + 1;
      return await unlessBefore(count, pages, logIds);
    }
    case "time":
      return await unlessBefore(await countUpTo(point.time, pages, logIds), pages, logIds);
    case "eventId":
      return await upToEvent(point.eventId, pages, logIds);
    default:
      return assertNever(point, "point");
  }
}

/**
 * The last position of the journal at or before a point of a job's history. For a time, it is a
 * position after which the clock showed more; if the clock was set back there are several.
 *
 * @param count How many of the job's entries lie there, from `searchPoint`.
 */
export async function findPosition(
  point: Point,
  pages: EntryPages,
  logIds: readonly LogId[],
  count: number,
  head: LogId,
): Promise<LogId> {
  if (point.kind === "logId") return point.logId;
  let low = logIds[count - 1] ?? head;
  if (point.kind === "eventId") return low;
  let high = logIds[count] ?? head + 1;
  while (high - low > 1) {
    const middle = low + high >> 1;
    for await (const [entry] of pages.of([middle])) {
      if (entry !== undefined && entry.receivedAt <= point.time) low = middle;
      else high = middle;
    }
  }
  return low;
}

async function unlessBefore(
  count: number,
  pages: EntryPages,
  logIds: readonly LogId[],
): Promise<ResolvedPoint> {
  if (count > 0) return { ok: true, count };
  for await (const [first] of pages.of(logIds.slice(0, 1))) {
    if (first !== undefined) return { ok: false, detail: beforeText(first) };
  }
  return { ok: false, detail: NO_SUCH_EVENT };
}

async function countUpTo(
  time: Timestamp,
  pages: EntryPages,
  logIds: readonly LogId[],
): Promise<number> {
  let count = logIds.length;
  for await (const page of pages.back(logIds)) {
    const index = page.findLastIndex(({ receivedAt }) => receivedAt <= time);
    if (index >= 0) return count - page.length + index + 1;
    count -= page.length;
  }
  return 0;
}

async function upToEvent(
  eventId: EventId,
  pages: EntryPages,
  logIds: readonly LogId[],
): Promise<ResolvedPoint> {
  let count = 0;
  for await (const page of pages.of(logIds)) {
    const index = page.findIndex((entry) => entryEventIds(entry).includes(eventId));
    if (index >= 0) return { ok: true, count: count + index + 1 };
    count += page.length;
  }
  return { ok: false, detail: NO_SUCH_EVENT };
}
