/** A point in a job's history, and how many of its entries lie at or before it. */

import { assertNever } from "./assert_never.ts";
import { isCorrelated, type JobEventLogEntry } from "./event.ts";
import type { EventId, LogId } from "./ids.ts";

export type Point =
  /** Up to and including this position, which may belong to another job. */
  | { readonly kind: "logId"; readonly logId: LogId }
  /** Up to and including the entry with this id, or the one that stands for the event with it. */
  | { readonly kind: "eventId"; readonly eventId: EventId }
  /**
   * Up to the last entry received at or before this time. If the clock was set back and showed this
   * time more than once, the last of these moments counts.
   */
  | { readonly kind: "time"; readonly time: Timestamp };

/** RFC 3339 in UTC with milliseconds, as entries have it, so that it sorts as text. */
export type Timestamp = string;

export type ResolvedPoint =
  | { readonly ok: true; readonly count: number }
  /** Why the job has no such point; a sentence without its subject. */
  | { readonly ok: false; readonly detail: string };

/**
 * How many of a job's entries lie at or before a point.
 *
 * @param point The end of the journal, when absent.
 * @param entries All entries of one job, oldest first; at least one.
 * @param head The last position of the journal.
 */
export function resolvePoint(
  point: Point | undefined,
  entries: readonly JobEventLogEntry[],
  head: LogId,
): ResolvedPoint {
  if (point === undefined) return { ok: true, count: entries.length };
  switch (point.kind) {
    case "logId":
      return point.logId > head
        ? { ok: false, detail: beyondText(head) }
        : prefix(entries, (entry) => entry.logId <= point.logId);
    case "time":
      return prefix(entries, (entry) => entry.receivedAt <= point.time);
    case "eventId":
      return upToEvent(point.eventId, entries);
    default:
      return assertNever(point, "point");
  }
}

/** The ids that name an entry: its own, and that of the event it stands for. */
export function entryEventIds(entry: JobEventLogEntry): readonly EventId[] {
  return isCorrelated(entry) ? [entry.eventId, entry.attributes.eventId] : [entry.eventId];
}

function prefix(
  entries: readonly JobEventLogEntry[],
  isWithin: (entry: JobEventLogEntry) => boolean,
): ResolvedPoint {
  const count = entries.findLastIndex(isWithin) + 1;
  const [first] = entries;
  if (count > 0 || first === undefined) return { ok: true, count };
  return { ok: false, detail: beforeText(first) };
}

export function beyondText(head: LogId): string {
  return `is beyond the journal, which ends at entry ${head}`;
}

/** @param first The first entry of the job. */
export function beforeText({ logId, receivedAt }: JobEventLogEntry): string {
  return `is before the job's creation, entry ${logId} at ${receivedAt}`;
}

export const NO_SUCH_EVENT =
  "is neither a position, nor a time such as 2026-01-31T12:00:00Z, nor the id of one of this job's events";

function upToEvent(eventId: EventId, entries: readonly JobEventLogEntry[]): ResolvedPoint {
  const index = entries.findIndex((entry) => entryEventIds(entry).includes(eventId));
  return index < 0 ? { ok: false, detail: NO_SUCH_EVENT } : { ok: true, count: index + 1 };
}
