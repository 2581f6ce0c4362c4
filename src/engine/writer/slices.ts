/**
 * Cuts what may be large into slices, between which others get their turn: a group that is appended
 * to one batch, and a batch that becomes visible.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Work } from "../../core/work.ts";
import { entryCharacters } from "../entry_pages.ts";
import { requireGroupSize } from "../ports.ts";
import { requireReadable } from "./framework_schemas.ts";

/** What is appended at a time. */
const SLICE_ENTRIES = 250;
const SLICE_BYTES = 1024 * 1024;

export type Slices = readonly (readonly EventDraft[])[];

/**
 * Checks a group that may be very large, for `Writer.appendInSlices`; with a pause after each slice.
 *
 * @throws {TypeError} as `Writer.append` does.
 * @throws {GroupTooLargeError}
 */
export function* groupSlices(drafts: readonly EventDraft[]): Work<Slices> {
  const slices: EventDraft[][] = [];
  let [slice, inSlice, bytes]: [EventDraft[], number, number] = [[], Infinity, 0];
  for (const draft of drafts) {
    requireReadable(draft);
    const size = entryCharacters(draft);
    bytes += size;
    if (slice.length === SLICE_ENTRIES || inSlice + size > SLICE_BYTES) {
      if (slices.length > 0) yield;
      slices.push(slice = []);
      inSlice = 0;
    }
    slice.push(draft);
    inSlice += size;
  }
  requireGroupSize(drafts.length, bytes);
  return slices;
}

/** @param firstLogId The position of the first draft of the first slice, which holds all causes. */
export function withCause(draft: EventDraft, firstLogId: LogId): EventDraft {
  const { causedBy } = draft;
  return typeof causedBy === "object" ? { ...draft, causedBy: firstLogId + causedBy.draft } : draft;
}

/** A batch of another process is sliced above this. Its groups may be cut: their ends are not known. */
const OTHERS_SLICED = 1_000;

/**
 * Cuts a durable batch between groups, or anywhere if another process recorded it. `undefined` if it
 * is not large.
 *
 * @param groups The own groups of the batch; none if it is of another process.
 */
export function visibleSlices(
  entries: readonly JobEventLogEntry[],
  groups: readonly { readonly lastLogId: LogId }[],
  sliceEntries: number,
): readonly (readonly JobEventLogEntry[])[] | undefined {
  const isOwn = groups.length > 0;
  if (entries.length <= (isOwn ? sliceEntries : OTHERS_SLICED)) return undefined;
  const first = entries[0]?.logId ?? 0;
  const ends = isOwn ? groups.map(({ lastLogId }) => lastLogId) : entries.map(({ logId }) => logId);
  const slices: (readonly JobEventLogEntry[])[] = [];
  let from = 0;
  for (const end of ends) {
    const to = end + 1 - first;
    if (to >= entries.length) break;
    if (to - from < sliceEntries) continue;
    slices.push(entries.slice(from, to));
    from = to;
  }
  return [...slices, entries.slice(from)];
}
