/** Short texts about entries, for terminals and pages. */

import assert from "node:assert/strict";
import type { FrameworkEventType } from "../../src/core/framework_events.ts";
import { entryNote } from "../../src/documents/entry_note.ts";
import { entryAnswer } from "../support/process/cli_resources.ts";

const times = { timeOfDay: (time: string) => time.slice(11, 19) };
const ERROR = { name: "Error", message: "the till is shut" };
const PLAN = { expected: [], policy: { errors: [], onCompensated: "Failed" } };
const RETRY_AT = "2026-01-01T00:00:09.000Z";

/** For each framework type, attributes and their note. */
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
  "job.JobWoken": [{ reason: "the bank is back" }, "the bank is back"],
  "job.JobParked": [
    { reason: "diverged", message: "it asks for bill instead", disagreesWith: 6 },
    "diverged: it asks for bill instead",
  ],
  "job.JobCancelled": [{ reason: "ordered twice" }, "ordered twice"],
  "job.JobRetried": [{ newJobId: "order-43", reason: "new card" }, "as order-43, new card"],
  "job.EventCorrelated": [
    { eventId: "parcel-7", eventType: "shop.Shipped", occurredAt: RETRY_AT, attributes: {} },
    "shop.Shipped parcel-7",
  ],
  "job.TaskStarted": [{ attempt: 2 }, "attempt 2"],
  "job.TaskWaiting": [{ expectations: ["shipped", "paid"] }, "for shipped, paid"],
  "job.TimerSet": [{ dueAt: RETRY_AT }, `until ${RETRY_AT}`],
  "job.DeadlinePassed": [{ expectation: "paid", reusedFrom: 12 }, '"paid", reused from 12'],
  "job.TimerElapsed": [{ reusedFrom: 12 }, "reused from 12"],
  "job.TaskCompleted": [{ attempt: 1, reusedFrom: 12 }, "reused from 12"],
  "job.TaskFailed": [
    { attempt: 1, maxAttempts: 4, error: ERROR, retryAt: RETRY_AT },
    "again at 00:00:09 (attempt 1 of 4): the till is shut",
  ],
  "job.TaskInterrupted": [
    { attempt: 2, phase: "compensation", reason: "crash" },
    "attempt 2, compensation: the process had ended without an orderly stop",
  ],
  "job.TaskProgressed": [{ done: 3, total: 1_800, note: "rows" }, "3 of 1,800 (rows)"],
  "job.CompensationStarted": [{ attempt: 1 }, ""],
  "job.TaskCompensated": [{ attempt: 3 }, "attempt 3"],
  "job.TaskCompensationFailed": [
    { attempt: 2, maxAttempts: 2, error: ERROR, final: true, kind: "deadLetter" },
    "the till is shut (attempt 2 of 2, the last)",
  ],
  "job.CompensationEnded": [
    { compensated: ["charge", "reserve"], failed: ["mail"] },
    "undone: charge, reserve, not undone: mail",
  ],
  "job.RecoveryRequired": [{ tasks: ["mail"] }, "not undone: mail"],
  "job.InputRemoved": [{ reason: "retention" }, "by retention"],
  "journal.EventRefused": [
    { eventId: "reading-1", eventType: "meter.ReadingTaken", attributes: {} },
    "meter.ReadingTaken reading-1, id used twice",
  ],
  "job.PauseBegan": [
    { pauseId: "pau_1", reason: "started with --hold" },
    "pau_1, of everything: started with --hold",
  ],
  "job.PauseEnded": [{ pauseId: "pau_1" }, "pau_1"],
  "job.LimitsChanged": [
    {
      type: "mail.send",
      limits: { maxRunning: 6, perKey: 2, rate: { count: 9, perMs: 60_000 } },
      reason: "the provider asked for it",
    },
    "mail.send: maxRunning 6, perKey 2, rate 9 per 1 min: the provider asked for it",
  ],
  "job.LimitsRestored": [{ type: "mail.send" }, "mail.send: as in its code"],
  "journal.SegmentOpened": [{ formatVersion: 1 }, "format 1"],
  "journal.Sealed": [{ reason: "quiet" }, "quiet"],
  "journal.WriterOpened": [{ writer: "wri_1", url: "http://a.test" }, "http://a.test leads"],
  "journal.Recovered": [{ segment: "1.ndjson", bytesQuarantined: 21 }, "21 bytes quarantined"],
  "journal.LoopBlocked": [{ blockedMs: 4_000, open: [] }, "4 s"],
  "journal.ClockSet": [{ setMs: -3_600_000 }, "1 h back"],
  "journal.ErrorUncaught": [
    {
      kind: "rejection",
      error: { name: "RangeError", message: "declined" },
      attempt: { jobId: "order-42", taskId: "charge", attempt: 1 },
    },
    "job order-42, task charge: declined",
  ],
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

Deno.test("entryNote: an event from outside is shown unchanged, and an empty one not at all", () => {
  assert.equal(entryNote(entryAnswer("shop.Paid", { cents: 5 }), times), '{"cents":5}');
  assert.equal(entryNote(entryAnswer("shop.Paid"), times), "");
});

Deno.test("entryNote: an unknown framework event is shown unchanged", () => {
  assert.equal(entryNote(entryAnswer("job.JobMoved", { to: "b" }), times), '{"to":"b"}');
  assert.equal(entryNote(entryAnswer("job.TaskFailed", { odd: 1 }), times), '{"odd":1}');
});
