/** Inputs that are removed when their job has ended, and what a removal must not change. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { foldAll } from "../../src/core/job_fold.ts";
import type { InputRetention } from "../../src/core/sealed_input.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { MemoryKeys } from "../../src/testing/stand_ins.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { inputRemovedEventId } from "../../src/engine/writer/derived_ids.ts";
import { CARD, paymentDefinition, type Payments } from "../support/http/payment_definition.ts";

const HOLDER = "A. Customer";
const INPUT = { orderId: "42", card: { number: CARD, holder: HOLDER }, leak: "confirm" };
const HOUR_MS = 3_600_000;

async function open(retention: InputRetention) {
  const payments: Payments = { charged: [], release: undefined };
  const definitions = [paymentDefinition(payments, retention, []) as never];
  const harness = await Harness.start({ definitions });
  return { harness, payments };
}

/** A job that is Done. */
async function finished(harness: Harness, input = INPUT): Promise<JobId> {
  const jobId = await harness.submit("test.pay", input);
  await harness.event("test.PaymentConfirmed", { orderId: input.orderId });
  assert.equal(harness.job(jobId).state, "Done");
  return jobId;
}

function has(harness: Harness, jobId: JobId): boolean {
  return harness.keys.keys.has(jobId);
}

async function removals(harness: Harness, jobId: JobId): Promise<number> {
  const entries = await harness.entries(jobId);
  return entries.filter(({ eventType }) => eventType === "job.InputRemoved").length;
}

/** Without its lastLogId. */
async function explanation(harness: Harness, jobId: JobId) {
  const explained = await (await harness.engine.explanations()).explainer.explain(jobId);
  assert.ok(explained);
  const { asOf: _, ...rest } = explained;
  return rest;
}

Deno.test("retention: keep is the default, with the input in the clear in the journal", async () => {
  const { harness } = await open("keep");
  const jobId = await finished(harness);
  assert.deepEqual(harness.job(jobId).input, INPUT);
  assert.equal(harness.job(jobId).sealed, undefined);
  assert.equal(harness.keys.keys.size, 0);
});

Deno.test("retention: nothing of the input is in the journal, and run has all of it", async () => {
  const { harness, payments } = await open({ afterMs: HOUR_MS });
  const jobId = await finished(harness);
  const text = JSON.stringify(harness.journal.content);

  assert.deepEqual(payments.charged, [CARD]);
  assert.equal(harness.job(jobId).input, undefined);
  assert.ok(!text.includes(HOLDER) && !text.includes(CARD));
});

Deno.test("retention: deleteOnCompletion removes the key as soon as the end is on record", async () => {
  const { harness } = await open("deleteOnCompletion");
  const jobId = await harness.submit("test.pay", INPUT);
  assert.ok(has(harness, jobId), "it is needed until then");
  await harness.event("test.PaymentConfirmed", { orderId: "42" });

  assert.ok(!has(harness, jobId));
  assert.equal((await harness.story(jobId)).at(-1), "InputRemoved");
  harness.assertSound();
});

Deno.test("retention: while a full disk does not take the fact, the key stays", async () => {
  let kept = 0;
  for (let lossAfter = 0; lossAfter < 6; lossAfter++) {
    const { harness } = await open("deleteOnCompletion");
    const jobId = await harness.submit("test.pay", INPUT);
    harness.journal.failNext(new JournalFullError("no room"), lossAfter);
    const pay = () =>
      harness.event("test.PaymentConfirmed", { orderId: "42" }, { eventId: "paid-1" });
    await pay().catch(pay);
    await harness.clock.settle();
    const isRemoved = await removals(harness, jobId) === 1;
    assert.equal(has(harness, jobId), !isRemoved, `with batch ${lossAfter} lost`);
    if (harness.job(jobId).state === "Done" && !isRemoved) kept++;
    await harness.clock.advance(10_000);
    assert.deepEqual([has(harness, jobId), await removals(harness, jobId)], [false, 1]);
  }
  assert.ok(kept > 0, "the fact was lost once");
});

Deno.test("retention: a key is removed with a fact on record, even if a sender has used the id of that fact", async () => {
  const { harness } = await open("deleteOnCompletion");
  const jobId = await harness.submit("test.pay", INPUT);
  await harness.event("test.Unrelated", {}, { eventId: inputRemovedEventId(jobId) });
  await harness.event("test.PaymentConfirmed", { orderId: INPUT.orderId });
  assert.deepEqual([has(harness, jobId), await removals(harness, jobId)], [false, 1]);
  const ids = (await harness.engine.entries(0, 1_000)).map(({ eventId }) => eventId);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("retention: after a time the key is removed, and not before, across restarts", async () => {
  const { harness: first } = await open({ afterMs: HOUR_MS });
  const jobId = await finished(first);
  await first.clock.advance(HOUR_MS / 2);
  const second = await first.crash();
  await second.clock.advance(HOUR_MS / 2 - 1_000);
  const early = has(second, jobId);
  await second.clock.advance(1_000);

  assert.deepEqual([early, has(second, jobId)], [true, false]);
  assert.equal(await removals(second, jobId), 1);
});

Deno.test("retention: an input that came due while no process ran is removed at the start", async () => {
  const { harness: first } = await open({ afterMs: HOUR_MS });
  const jobId = await finished(first);
  first.clock.jump(2 * HOUR_MS);
  const second = await first.crash();
  await second.clock.advance(1_000);

  assert.ok(!has(second, jobId));
});

Deno.test("retention: after a crash between the fact and the removal the key is removed, and the fact is not repeated", async () => {
  const { harness: first } = await open("deleteOnCompletion");
  const jobId = await first.submit("test.pay", INPUT);
  const key = first.keys.keys.get(jobId);
  await first.event("test.PaymentConfirmed", { orderId: "42" });
  assert.ok(key && !has(first, jobId));
  first.keys.keys.set(jobId, key);
  const second = await first.crash();

  assert.ok(!has(second, jobId));
  assert.equal(await removals(second, jobId), 1);
});

Deno.test("retention: a key is removed only for a recorded reason, whatever the index has forgotten", async () => {
  const { harness: first } = await open({ afterMs: 1_000 * HOUR_MS });
  const id = await finished(first);
  const orphan = "job-orphan" as JobId;
  await first.keys.create(orphan);
  await first.engine.stop(0);
  await first.journal.close();
  // A start from a snapshot has not seen every job.
  first.index.removableIds = () => [];
  const second = await first.crash();
  assert.deepEqual([...second.keys.keys.keys()], [id, orphan]);
  assert.deepEqual((await second.engine.input(id)).ok, true);

  const third = await second.crashWithoutSnapshot();
  assert.deepEqual([...third.keys.keys.keys()], [id], "the whole journal has no such job");
});

Deno.test("retention: a start looks only for the keys of inputs that are due for removal", async () => {
  const payments: Payments = { charged: [], release: undefined };
  const kept = { ...paymentDefinition(payments, "keep"), type: "test.keep" };
  const removed = paymentDefinition(payments, { afterMs: HOUR_MS }, []);
  const keys = new MemoryKeys();
  const definitions = [kept as never, removed as never];
  let harness = await Harness.start({ definitions, keys, snapshotEvery: 5 });
  const removable = await finished(harness);
  const keptId = await harness.submit("test.keep", { ...INPUT, orderId: "43" });
  await harness.event("test.PaymentConfirmed", { orderId: "43" });
  for (let nth = 0; nth < 5; nth++) await harness.event("test.Other");
  let asked: readonly JobId[] = [];
  const { held } = keys;
  keys.held = (jobIds) => held.call(keys, asked = jobIds);
  harness = await harness.crash();
  assert.deepEqual(asked, [removable]);
  await harness.clock.advance(2 * HOUR_MS);
  assert.ok(!has(harness, removable), "removed when it was due");
  assert.ok(has(harness, keptId));
  assert.ok((await harness.engine.input(keptId)).ok);
});

Deno.test("retention: after a crash between the end and the fact the fact is recorded", async () => {
  const { harness: first } = await open("deleteOnCompletion");
  const jobId = await first.submit("test.pay", INPUT);
  const key = first.keys.keys.get(jobId);
  await first.event("test.PaymentConfirmed", { orderId: "42" });
  const removed = (await first.entries(jobId)).at(-1);
  assert.ok(removed?.eventType === "job.InputRemoved" && key);
  first.keys.keys.set(jobId, key);
  const second = await first.crashBefore(removed.logId);
  await second.clock.settle();

  assert.equal(second.job(jobId).state, "Done");
  assert.ok(!has(second, jobId));
  assert.equal(await removals(second, jobId), 1);
});

Deno.test("retention: a failed removal of a key is retried", async () => {
  const { harness } = await open({ afterMs: 1_000 });
  const jobId = await finished(harness);
  harness.keys.failure = new Error("busy");
  await harness.clock.advance(2_000);
  assert.ok(has(harness, jobId));
  harness.keys.failure = undefined;
  await harness.clock.advance(60_000);

  assert.ok(!has(harness, jobId));
  assert.equal(await removals(harness, jobId), 1);
  assert.equal(harness.defects.length, 1, "and it was reported");
});

Deno.test("retention: for a failed job whose input was removed, submitting again is suggested instead of a retry", async () => {
  const { harness } = await open({ afterMs: HOUR_MS });
  const jobId = await harness.submit("test.pay", { ...INPUT, leak: "fail" });
  const retried = ({ next }: Awaited<ReturnType<typeof explanation>>) =>
    next.some(({ action }) => action?.path.endsWith("/retry"));
  assert.ok(retried(await explanation(harness, jobId)));

  await harness.clock.advance(HOUR_MS);
  const explained = await explanation(harness, jobId);
  assert.ok(!retried(explained));
  const removed = (await harness.entries(jobId)).at(-1);
  assert.deepEqual(
    explained.next.at(-1),
    {
      by: "anyone",
      statement: `Submit it again with its input, which was removed at ${removed?.receivedAt}: ` +
        "without it there is no retry.",
      cites: explained.next.at(-1)?.cites,
    },
  );
  assert.equal(explained.next.at(-1)?.cites[0]?.logId, removed?.logId);
});

Deno.test("retention: a removal changes nothing of the job except its last entry", async () => {
  const { harness } = await open({ afterMs: HOUR_MS });
  const jobId = await finished(harness);
  const before = harness.job(jobId);
  const explained = await explanation(harness, jobId);
  await harness.clock.advance(HOUR_MS);
  const { lastLogId, ...after } = harness.job(jobId);
  const { lastLogId: earlier, ...rest } = before;

  assert.ok(lastLogId > earlier && !has(harness, jobId));
  assert.deepEqual(after, rest);
  assert.deepEqual(await explanation(harness, jobId), explained);
  assert.deepEqual(foldAll(await harness.entries(jobId)), harness.job(jobId));
  const replay = await (await harness.engine.explanations()).replays.replay(jobId);
  assert.ok(replay.ok);
  const step = replay.value.steps.at(-1);
  assert.deepEqual([step?.eventType, step?.rule, step?.changed], [
    "job.InputRemoved",
    "terminal/record-only",
    [],
  ]);
});

Deno.test("retention: snapshots and full replays agree on a removed input", async () => {
  const { harness } = await open("deleteOnCompletion");
  const jobId = await finished(harness);
  const [withSnapshot, without] = [await harness.crash(), await harness.crashWithoutSnapshot()];
  assert.deepEqual(withSnapshot.job(jobId), harness.job(jobId));
  assert.deepEqual(without.job(jobId), harness.job(jobId));
});

for (const leak of ["fail", "message"]) {
  Deno.test(`retention: a job that failed (${leak}) cannot be retried once its input is removed`, async () => {
    const { harness } = await open({ afterMs: HOUR_MS });
    const jobId = await harness.submit("test.pay", { ...INPUT, leak });
    const early = await harness.engine.retry(jobId, {});
    await harness.clock.advance(HOUR_MS);
    const late = await harness.engine.retry(jobId, {});

    assert.equal(early.ok, true);
    assert.ok(!late.ok && late.problem.kind === "rejected");
    assert.match(late.problem.rejection.message, /^Cannot retry job .*: its input was removed/);
  });
}

Deno.test("retention: once the input is removed, the rest of a request decides about its idempotency key", async () => {
  const { harness } = await open("deleteOnCompletion");
  const idempotency = { key: "order-42", digest: "of the body" };
  const { jobId } = await harness.create({ type: "test.pay", input: INPUT, idempotency });
  await harness.event("test.PaymentConfirmed", { orderId: "42" });
  assert.ok(!has(harness, jobId));
  const again = await harness.engine.create({ type: "test.pay", input: INPUT, idempotency });

  assert.ok(again.ok && again.value.replayed && again.value.job.jobId === jobId);
  for (const other of [{ priority: 5 }, { labels: { z: "9" } }, { jobId: "mine" as JobId }]) {
    const request = { type: "test.pay", input: INPUT, idempotency, ...other };
    const refused = await harness.engine.create(request);
    assert.ok(!refused.ok && refused.problem.kind === "keyReused");
  }
});

Deno.test("retention: it applies to a cancelled job too", async () => {
  const { harness } = await open("deleteOnCompletion");
  const jobId = await harness.submit("test.pay", INPUT);
  await harness.control(jobId, "cancel");
  assert.equal(harness.job(jobId).state, "Failed");
  assert.ok(!has(harness, jobId));
});
