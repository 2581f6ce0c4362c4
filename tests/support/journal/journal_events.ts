/** Events for tests of the journal. */

import type { Cause } from "../../../src/core/event.ts";
import { eventId, eventType, jobId } from "../../../src/core/ids.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import type { StampedEvent } from "../../../src/engine/ports.ts";

let count = 0;

/** A business fact; each has a different `eventId`. */
export function fact(
  attributes: JsonObject = {},
  more: { readonly causedBy?: Cause; readonly eventType?: string; readonly traceId?: string } = {},
): StampedEvent {
  const { eventType: type = "ec.order.OrderPlaced", ...references } = more;
  return {
    stratum: "domain",
    eventType: eventType(type),
    eventId: eventId(`evt_test_${++count}`),
    occurredAt: "2026-01-01T10:00:00.000Z",
    receivedAt: "2026-01-01T10:00:01.000Z",
    jobId: jobId("job_test"),
    attributes,
    ...references,
  };
}

/** Several facts, numbered from 0. */
export function facts(howMany: number): StampedEvent[] {
  return Array.from({ length: howMany }, (_, n) => fact({ n }));
}
