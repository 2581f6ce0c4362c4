/**
 * Recorded facts that hold many jobs at once, as of a past time: pauses, and limits that replace
 * those in the code.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { FoundEvents, Lookup, type PastEvents } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import type { JobEntryReader } from "./job_entry_reader.ts";

/** How many beginnings, and how many ends, to read before that time. */
const LOOKED_AT_MAX = 32;

export const PAUSE_TYPES: readonly string[] = ["job.PauseBegan", "job.PauseEnded"];
export const LIMIT_TYPES: readonly string[] = ["job.LimitsChanged", "job.LimitsRestored"];

export interface RecordedParts {
  readonly pastEvents: PastEvents;
  readonly history: JobEntryReader;
}

/** The latest entries of some types up to a position, oldest first. */
export async function recorded(
  { pastEvents, history }: RecordedParts,
  types: readonly string[],
  upTo: LogId,
): Promise<readonly JobEventLogEntry[]> {
  const lookup = types.reduce((lookup, type) => lookup.ofType(type, CARRIERS_MAX), new Lookup());
  const found = new FoundEvents(await pastEvents.find(lookup.wanted, upTo));
  const logIds = types.flatMap((type) =>
    found.ofType(type, CARRIERS_MAX).filter((logId) => logId <= upTo).slice(0, LOOKED_AT_MAX)
  );
  const entries = await history.at(logIds.toSorted((left, right) => left - right));
  return entries.filter(({ eventType }) => types.includes(eventType));
}
