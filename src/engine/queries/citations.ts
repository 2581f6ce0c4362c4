/** Finds the lines of the entries that statements cite. */

import { ascending } from "../../core/ascending.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Citation, Statement } from "../../explain/statements/explanation.ts";
import type { Journal } from "../ports.ts";
import type { EntryPages } from "../entry_pages.ts";

interface CitationParts {
  /** Reads entries a few at a time, since they may be large. */
  readonly pages: EntryPages;
  readonly journal: Pick<Journal, "locate">;
}

type Named = Pick<JobEventLogEntry, "eventId" | "eventType">;

/**
 * The citations of positions, which ascend.
 *
 * @param known Returns entries that were read before.
 */
export async function resolveCitations(
  { pages, journal }: CitationParts,
  cited: readonly LogId[],
  known: (logId: LogId) => Named | undefined = () => undefined,
): Promise<ReadonlyMap<LogId, Citation>> {
  const named = new Map<LogId, Named>();
  const others = cited.filter((logId) => {
    const entry = known(logId);
    if (entry !== undefined) named.set(logId, entry);
    return entry === undefined;
  });
  for await (const page of pages.of(others)) {
    for (const { logId, eventId, eventType } of page) named.set(logId, { eventId, eventType });
  }
  const locations = await journal.locate(cited);
  return new Map(locations.map((location): [LogId, Citation] => {
    const { eventId = "", eventType = "" } = named.get(location.logId) ?? {};
    return [location.logId, { ...location, eventId, eventType }];
  }));
}

/** The same statements, with the lines of the entries that they cite. */
export async function cited<Item extends Statement<LogId>>(
  parts: CitationParts,
  citing: readonly Item[],
): Promise<readonly (Omit<Item, "cites"> & { readonly cites: readonly Citation[] })[]> {
  const logIds = ascending(citing.flatMap(({ cites }) => cites));
  const citations = await resolveCitations(parts, logIds);
  return citing.map((one) => ({
    ...one,
    cites: one.cites.flatMap((logId) => citations.get(logId) ?? []),
  }));
}
