/** The event that a `job.EventCorrelated` entry stands for. */

import type { FactEntry } from "./event.ts";
import type { EventCorrelatedAttributes } from "./framework_events.ts";

type CorrelatedFact = Pick<
  FactEntry,
  "eventId" | "eventType" | "occurredAt" | "taskId" | "attributes"
>;

export function correlatedAttributes(fact: CorrelatedFact): EventCorrelatedAttributes {
  const { eventId, eventType, occurredAt, taskId, attributes } = fact;
  return {
    eventId,
    eventType,
    occurredAt,
    attributes,
    ...(taskId === undefined ? {} : { taskId }),
  };
}
