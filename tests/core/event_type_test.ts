import assert from "node:assert/strict";
import {
  EVENT_TYPE_MAX_LENGTH,
  eventType,
  isEventType,
  isReserved,
} from "../../src/core/event_type.ts";

const LEGAL = [
  "Paid",
  "ec.shipment.ShipmentCompleted",
  "a.b-c.d_e.9",
  "-",
  "a".repeat(200),
  `${"ab.".repeat(66)}ab`,
];

const ILLEGAL = [
  "",
  ".",
  ".a",
  "a.",
  "a..b",
  "a b",
  "a/b",
  "a:b",
  "a~b",
  "a\n",
  "é.Paid",
  "a.\u0000",
  "a".repeat(201),
];

Deno.test("eventType: a legal name is returned unchanged", () => {
  for (const text of LEGAL) assert.equal(eventType(text), text);
});

Deno.test("eventType: an illegal name is refused", () => {
  for (const text of ILLEGAL) {
    assert.equal(isEventType(text), false, JSON.stringify(text));
    assert.throws(() => eventType(text), TypeError, JSON.stringify(text));
  }
});

Deno.test("eventType: the refusal says which name and the rule", () => {
  assert.throws(
    () => eventType("a b"),
    new TypeError(
      'Cannot use "a b" as an event type: it must be parts of A-Z a-z 0-9 _ - joined by dots, ' +
        "at most 200 characters",
    ),
  );
});

Deno.test("eventType: the longest legal name has 200 characters", () => {
  assert.equal(EVENT_TYPE_MAX_LENGTH, 200);
  assert.equal(isEventType("a".repeat(200)), true);
  assert.equal(isEventType("a".repeat(201)), false);
});

Deno.test("isEventType: the pattern does not backtrack catastrophically on hostile text", () => {
  assert.equal(isEventType(`${"a.".repeat(99)}!`), false);
  assert.equal(isEventType(`${"a".repeat(199)}!`), false);
});

Deno.test("isReserved: the framework's namespaces are reserved", () => {
  for (const text of ["job.JobStarted", "job.Mine", "job.a.b", "journal.Sealed"]) {
    assert.equal(isReserved(text), true, text);
  }
});

Deno.test("isReserved: similar names are not reserved", () => {
  for (const text of ["job", "journal", "jobs.Started", "journals.X", "Job.X", "ec.job.X"]) {
    assert.equal(isReserved(text), false, text);
  }
});
