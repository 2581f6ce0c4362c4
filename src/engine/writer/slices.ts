/** The slices of a group that may be large, which are appended one after the other to one batch. */

import type { EventDraft } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type JsonObject, jsonSize } from "../../core/json.ts";
import type { Work } from "../../core/work.ts";
import { LINE_OVERHEAD_BYTES, requireGroupSize } from "../ports.ts";

/** What is appended at a time. */
const SLICE_ENTRIES = 250;
const SLICE_BYTES = 1024 * 1024;

export type Slices = readonly (readonly EventDraft[])[];

/**
 * Work with a pause after each slice.
 *
 * @param check Called with each draft.
 * @throws {GroupTooLargeError}
 */
export function* slicesOf(
  drafts: readonly EventDraft[],
  check: (draft: EventDraft) => void,
): Work<Slices> {
  const slices: EventDraft[][] = [];
  let [slice, inSlice, bytes]: [EventDraft[], number, number] = [[], Infinity, 0];
  for (const draft of drafts) {
    check(draft);
    const size = LINE_OVERHEAD_BYTES + jsonSize(draft.attributes as JsonObject);
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
