/** Entries as the events that user code sees. */

import { isCorrelated, type JobEventLogEntry } from "../../core/event.ts";
import type { JsonObject } from "../../core/json.ts";
import type { FactEvent } from "../definition.ts";

/** The events that entries record, each a copy of its own; a correlated one as it came. */
export function factsOf(entries: readonly JobEventLogEntry[]): readonly FactEvent[] {
  return entries.map((entry) => {
    const { eventId, eventType, occurredAt, attributes } = isCorrelated(entry)
      ? entry.attributes
      : entry;
    return {
      eventId,
      eventType,
      occurredAt,
      attributes: structuredClone(attributes) as JsonObject,
    };
  });
}
