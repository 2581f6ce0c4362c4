import assert from "node:assert/strict";
import type { EventDraft } from "../../src/core/event.ts";
import { stampedEvent } from "../../src/engine/stamped_event.ts";
import { lineBody, toEntry } from "../../src/journal/line_codec.ts";

const AT = "2026-01-01T00:00:00.000Z";
const SEAL: EventDraft = {
  stratum: "framework",
  eventType: "journal.Sealed",
  attributes: { reason: "quiet" },
};
const OPTIONAL = [
  "eventId",
  "occurredAt",
  "jobId",
  "taskId",
  "executionId",
  "traceId",
  "spanId",
  "actor",
  "causedBy",
];

function recorded(): readonly unknown[] {
  const event = stampedEvent(SEAL, AT, { ulid: () => "01J0", fraction: () => 0 });
  const text = lineBody(1, 1, event, event.causedBy as number | undefined, "{}");
  return [text, toEntry(1, event, undefined)];
}

Deno.test("stampedEvent: no member that every object inherits reaches a line", () => {
  const before = recorded();
  for (const name of OPTIONAL) Reflect.set(Object.prototype, name, "inherited");
  try {
    assert.equal(JSON.stringify(recorded()), JSON.stringify(before));
  } finally {
    for (const name of OPTIONAL) Reflect.deleteProperty(Object.prototype, name);
  }
});
