/** Lines of entries, in `tail` and `show --events`. */

import assert from "node:assert/strict";
import type { FrameworkEventType } from "../../src/core/framework_events.ts";
import { EntryLines } from "../../src/cli/render/entry_line.ts";
import { entryNote } from "../../src/cli/render/entry_note.ts";
import { Times } from "../../src/cli/times.ts";
import { entryAnswer } from "../support/cli_resources.ts";

const times = new Times("UTC");
const ERROR = { name: "Error", message: "the till is shut" };
const PLAN = { expected: [], policy: { errors: [], onCompensated: "Failed" } };
const RETRY_AT = "2026-01-01T00:00:09.000Z";

/** For each type of the framework, attributes and the note that they make. */
const NOTES: { readonly [Type in FrameworkEventType]: readonly [object, string] } = {
  "job.JobCreated": [
    {
      type: "order.fulfil",
      plan: PLAN,
      priority: 0,
      labels: {},
      retryOf: "order-41",
      startAt: RETRY_AT,
    },
    "order.fulfil, retries order-41, starts at 00:00:09",
  ],
  "job.JobStarted": [{}, ""],
  "job.JobSuspended": [{ reason: "the till is down" }, "the till is down"],
  "job.JobResumed": [{}, ""],
  "job.JobCancelled": [{ reason: "ordered twice" }, "ordered twice"],
  "job.JobRetried": [{ newJobId: "order-43", reason: "new card" }, "as order-43, new card"],
  "job.EventCorrelated": [
    { eventId: "parcel-7", eventType: "shop.Shipped", occurredAt: RETRY_AT, attributes: {} },
    "shop.Shipped parcel-7",
  ],
  "job.TaskStarted": [{ attempt: 2 }, "attempt 2"],
  "job.TaskWaiting": [{ expectations: ["shipped", "paid"] }, "for shipped, paid"],
  "job.TaskCompleted": [{ attempt: 1, reusedFrom: 12 }, "reused from 12"],
  "job.TaskFailed": [
    { attempt: 1, maxAttempts: 4, error: ERROR, retryAt: RETRY_AT },
    "again at 00:00:09 (attempt 1 of 4): the till is shut",
  ],
  "job.TaskInterrupted": [
    { attempt: 2, phase: "compensation", reason: "crash" },
    "attempt 2, compensation, by crash",
  ],
  "job.TaskProgressed": [{ done: 3, total: 10, note: "rows" }, "3 of 10, rows"],
  "job.CompensationStarted": [{ attempt: 1 }, ""],
  "job.TaskCompensated": [{ attempt: 3 }, "attempt 3"],
  "job.TaskCompensationFailed": [
    { attempt: 2, maxAttempts: 2, error: ERROR, final: true, kind: "deadLetter" },
    "the till is shut (attempt 2 of 2, for good: deadLetter)",
  ],
  "job.CompensationEnded": [
    { compensated: ["charge", "reserve"], failed: ["mail"] },
    "undone: charge, reserve, not undone: mail",
  ],
  "job.RecoveryRequired": [{ tasks: ["mail"] }, "not undone: mail"],
  "job.InputRemoved": [{ reason: "retention" }, "by retention"],
  "journal.SegmentOpened": [{ formatVersion: 1 }, "format 1"],
  "journal.Sealed": [{ reason: "quiet" }, "quiet"],
  "journal.Recovered": [{ segment: "1.ndjson", bytesQuarantined: 21 }, "21 bytes quarantined"],
  "journal.Repaired": [
    { lostFrom: 90, lostEntries: 12, aside: "journal-before-repair-01J0" },
    "12 entries from 90 on are lost",
  ],
  "journal.Imported": [
    { jobId: "order-42", entries: 12, from: { logId: 90, chain: "abc" } },
    "job order-42, 12 entries",
  ],
  "journal.EntryQuoted": [
    {
      eventId: "evt_1",
      stratum: "framework",
      eventType: "job.TaskCompleted",
      jobId: "order-41",
      attributes: { attempt: 1 },
    },
    "job.TaskCompleted of job order-41",
  ],
};

for (const [eventType, [attributes, note]] of Object.entries(NOTES)) {
  Deno.test(`entryNote: ${eventType}`, () => {
    assert.equal(entryNote(entryAnswer(eventType, { ...attributes }), times), note);
  });
}

Deno.test("entryNote: a fact from outside is shown as it is, and an empty one not at all", () => {
  assert.equal(entryNote(entryAnswer("shop.Paid", { cents: 5 }), times), '{"cents":5}');
  assert.equal(entryNote(entryAnswer("shop.Paid"), times), "");
});

Deno.test("entryNote: what a newer server recorded is shown as it is", () => {
  assert.equal(entryNote(entryAnswer("job.JobMoved", { to: "b" }), times), '{"to":"b"}');
  assert.equal(entryNote(entryAnswer("job.TaskFailed", { odd: 1 }), times), '{"odd":1}');
});

const STORY = [
  entryAnswer("job.JobCreated", { type: "order.fulfil", plan: PLAN, priority: 0, labels: {} }, {
    logId: 3,
    jobId: "order-42",
    job: { from: null, to: "Created", condition: "created" },
  }),
  entryAnswer("job.JobStarted", {}, {
    logId: 4,
    jobId: "order-42",
    job: { from: "Created", to: "Running", condition: "queued" },
  }),
  entryAnswer("job.TaskFailed", { attempt: 1, maxAttempts: 4, error: ERROR, retryAt: RETRY_AT }, {
    logId: 5,
    jobId: "order-42",
    taskId: "charge",
    job: { from: "Running", to: "Running", condition: "backingOff" },
  }),
  entryAnswer("ec.shipment.ShipmentCompleted", { orderId: "42\u001b[1A" }, { logId: 100_000 }),
];

Deno.test("EntryLines: one line for each, in columns that grow, cut at the edge", () => {
  const lines = new EntryLines({ paint: (_, text) => text, times, columns: 90, withJob: true });
  assert.equal(
    STORY.map((entry) => lines.line(entry)).join("\n"),
    `\
00:00:03.120      3  order-42  JobCreated                     Created  order.fulfil
00:00:03.120      4  order-42  JobStarted                     Created → Running (queued)
00:00:03.120      5  order-42  TaskFailed           charge    Running (backingOff)  again…
00:00:03.120  100000            ec.shipment.ShipmentCompleted            {"orderId":"42\\u001b[1A…`,
  );
});

Deno.test("EntryLines: piped text is not cut, and one job needs no column", () => {
  const options = { paint: (_: string, text: string) => text, times, withJob: false };
  const lines = new EntryLines({ ...options, columns: Infinity });
  assert.equal(
    lines.line(STORY[2] as typeof STORY[0]),
    "00:00:03.120      5  TaskFailed           charge    Running (backingOff)  " +
      "again at 00:00:09 (attempt 1 of 4): the till is shut",
  );
});

Deno.test("EntryLines: failures are red, facts from outside stand out, housekeeping is dim", () => {
  const paint = (style: string, text: string) => `<${style}:${text.trim()}>`;
  const lines = new EntryLines({ paint, times, columns: 200, withJob: false });
  const styles = [...STORY, entryAnswer("journal.Sealed", { reason: "quiet" })]
    .map((entry) => lines.line(entry).split("  ")[2]);
  assert.deepEqual(styles, [
    "<bold:JobCreated>",
    "<bold:JobStarted>",
    "<red:TaskFailed>",
    "<magenta:ec.shipment.ShipmentCompleted>",
    "<dim:journal.Sealed>",
  ]);
});

Deno.test("EntryLines: on a narrow screen one long name does not widen the others for good", () => {
  const lines = new EntryLines({ paint: (_, text) => text, times, columns: 80, withJob: true });
  lines.line(entryAnswer(`shop.${"x".repeat(60)}`, {}, { jobId: `order-${"9".repeat(60)}` }));
  const line = lines.line(entryAnswer("job.JobStarted", {}, { jobId: "order-42" }));
  assert.equal(line, `00:00:03.120      7  ${"order-42".padEnd(16)}  JobStarted`);
});
