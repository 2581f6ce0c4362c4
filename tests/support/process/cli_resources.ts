/** Answers of a server, for rendering tests. */

import type { EntryResource, JobResource } from "../../../src/cli/resources.ts";

/** A job that waits for its parcel, five minutes after its creation. */
export function jobAnswer(changes: Partial<JobResource> = {}): JobResource {
  return {
    jobId: "order-42",
    type: "order.fulfil",
    definitionVersion: 1,
    state: "Running",
    condition: "waiting",
    createdAt: "2026-01-01T00:00:00.000Z",
    startedAt: "2026-01-01T00:00:00.002Z",
    endedAt: null,
    firstLogId: 3,
    lastLogId: 9,
    priority: 0,
    labels: {},
    input: { orderId: "42" },
    output: null,
    expected: [],
    tasks: [],
    failure: null,
    ...changes,
  };
}

export const NOW_MS = Date.parse("2026-01-01T00:05:00.000Z");

export function entryAnswer(
  eventType: string,
  attributes: EntryResource["attributes"] = {},
  changes: Partial<EntryResource> = {},
): EntryResource {
  return {
    logId: 7,
    stratum: /^(job|journal)\./.test(eventType) ? "framework" : "domain",
    eventId: "evt_7",
    eventType,
    occurredAt: "2026-01-01T00:00:03.120Z",
    receivedAt: "2026-01-01T00:00:03.120Z",
    attributes,
    ...changes,
  };
}
