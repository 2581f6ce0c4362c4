/** Pauses that were in force at a time in the past, including those that have ended since. */

import { notePause, type Pause } from "../../core/pauses.ts";
import type { LogId } from "../../core/ids.ts";
import { FoundEvents, Lookup, type PastEvents } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import type { JobEntryReader } from "./job_entry_reader.ts";

/** How many beginnings, and how many ends, to look at before that time. */
const LOOKED_AT_MAX = 32;

interface PausesThenParts {
  readonly pastEvents: PastEvents;
  readonly history: JobEntryReader;
}

/** The oldest first. */
export async function pausesThen(
  { pastEvents, history }: PausesThenParts,
  upTo: LogId,
): Promise<readonly Pause[]> {
  const types = ["job.PauseBegan", "job.PauseEnded"];
  const lookup = types.reduce((lookup, type) => lookup.ofType(type, CARRIERS_MAX), new Lookup());
  const found = new FoundEvents(await pastEvents.find(lookup.wanted, upTo));
  const logIds = types.flatMap((type) =>
    found.ofType(type, CARRIERS_MAX).filter((logId) => logId <= upTo).slice(0, LOOKED_AT_MAX)
  );
  const entries = await history.at(logIds.toSorted((left, right) => left - right));
  return entries.reduce<readonly Pause[]>(notePause, []);
}
