import assert from "node:assert/strict";
import {
  EVENT_TYPE_MAX_LENGTH,
  eventId,
  eventType,
  executionId,
  isEventType,
  isReserved,
  jobId,
  MAIN_TASK,
  taskId,
} from "../../src/core/ids.ts";

const CONSTRUCTORS = {
  "job id": jobId,
  "event id": eventId,
  "execution id": executionId,
  "task id": taskId,
};

const LEGAL = [
  "a",
  "7",
  "job_01JD5H0B4K7YV2N8Q3M6XWRT9Z",
  "order:42~retry-1.b_C",
  "x".repeat(128),
];

const ILLEGAL = [
  "",
  " ",
  "a b",
  "a/b",
  "a\\b",
  "a%20b",
  "a?b",
  "a#b",
  "a\n",
  "\na",
  "a\u0000",
  "\u001b[31m",
  "é",
  "日本",
  "a\u2028b",
  '"',
  "x".repeat(129),
];

for (const [what, construct] of Object.entries(CONSTRUCTORS)) {
  Deno.test(`ids: a ${what} within the alphabet is returned unchanged`, () => {
    for (const text of LEGAL) assert.equal(construct(text), text);
  });

  Deno.test(`ids: a ${what} outside the alphabet or length is refused`, () => {
    for (const text of ILLEGAL) {
      assert.throws(() => construct(text), TypeError, JSON.stringify(text));
    }
  });

  Deno.test(`ids: the refusal of a ${what} says what, which and the rule`, () => {
    assert.throws(
      () => construct("a\nb"),
      new TypeError(
        `Cannot use "a\\nb" as a ${what}: it must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -`,
      ),
    );
  });
}

Deno.test("ids: the alphabet is exactly that of the design", () => {
  const legal = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code))
    .filter((character) => {
      try {
        return jobId(`a${character}`) === `a${character}`;
      } catch {
        return false;
      }
    });

  assert.equal(
    legal.join(""),
    "-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
  );
});

Deno.test("ids: names that mean folders in URLs are refused", () => {
  for (const text of [".", ".."]) assert.throws(() => jobId(text), TypeError);
  for (const text of ["...", ".a", "a."]) assert.equal(jobId(text), text);
});

Deno.test("ids: the root task has a legal name", () => {
  assert.equal(taskId("main"), MAIN_TASK);
});

const LEGAL_TYPES = [
  "Paid",
  "ec.shipment.ShipmentCompleted",
  "a.b-c.d_e.9",
  "-",
  "a".repeat(200),
  `${"ab.".repeat(66)}ab`,
];

const ILLEGAL_TYPES = [
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
  for (const text of LEGAL_TYPES) assert.equal(eventType(text), text);
});

Deno.test("eventType: an illegal name is refused", () => {
  for (const text of ILLEGAL_TYPES) {
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
