/**
 * Finds the types of events that come beside an expected one, about the same thing, as an order is
 * closed besides being shipped. Such an event was not meant in place of the expected one.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { toMatchable } from "../../core/projector.ts";
import { placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { demanded, isDistinctive } from "../../explain/likeness/own_values.ts";
import { Lookup } from "../views/past_events.ts";
import type { SearchParts } from "./value_search.ts";

/** How many types are looked at for one expectation. */
const TYPES_MAX = 3;
/** How many others of a type are read, the latest. */
const READ_MAX = 8;
/** How many of these must be about the same thing as an event of the expected type. */
const BESIDE_MIN = 2;

export class CompanionSearch {
  constructor(private readonly parts: Pick<SearchParts, "source" | "find" | "read">) {}

  /** @param unclaimed The events that resemble what is expected, and reached no job. */
  async of(
    { matcher: { eventType, correlation } }: ExpectedEvent,
    unclaimed: readonly JobEventLogEntry[],
  ): Promise<ReadonlySet<string>> {
    const values = [...demanded(correlation)].map(([, value]) => value).filter(isDistinctive);
    const wanted = new Set(values.map(looseForm));
    const paths = new Map<string, string>();
    for (const entry of unclaimed) {
      if (entry.stratum !== "domain" || entry.eventType === eventType) continue;
      const place = placesOf(entry).find(({ value }) => wanted.has(looseForm(value)));
      if (place !== undefined) paths.set(entry.eventType, placePath(place));
    }
    const types = [...paths].slice(0, TYPES_MAX);
    const companions = new Set<string>();
    for (const [type, path] of types) {
      if (await this.#isBeside(eventType, type, path, wanted)) companions.add(type);
    }
    return companions;
  }

  async #isBeside(
    expected: string,
    type: string,
    path: string,
    wanted: ReadonlySet<string>,
  ): Promise<boolean> {
    const latest = (await this.parts.find(new Lookup().ofType(type, READ_MAX))).ofType(type);
    const about = new Set<string>();
    const known = latest.filter((logId) => logId <= this.parts.source.headLogId);
    for await (const entry of this.parts.read(known)) {
      const place = placesOf(entry).find((one) => placePath(one) === path);
      if (place !== undefined && isDistinctive(place.value)) about.add(looseForm(place.value));
    }
    const others = [...about.difference(wanted)];
    const lookup = new Lookup().ofType(expected);
    for (const loose of others) lookup.carrying(loose);
    const found = await this.parts.find(lookup);
    const ofType = new Set(found.ofType(expected));
    const beside = others.filter((loose) =>
      found.carrying(loose).some((logId) => ofType.has(logId))
    );
    return beside.length >= BESIDE_MIN;
  }
}

function placesOf(entry: JobEventLogEntry) {
  return placesIn(toMatchable(entry).attributes);
}
