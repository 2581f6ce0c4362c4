/** Retries of jobs with thousands of steps, which are recorded in slices that share a batch. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobId } from "../../src/core/ids.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

const STEPS = 2_000;
const DAY = 86_400_000;

/** Fails once its sleeps are over. */
const RESTING = looseJob("demo.resting", async (ctx) => {
  await Promise.all(Array.from({ length: STEPS }, (_, n) => ctx.sleep(`s${n}`, 1)));
  throw new NonRetryableError("not today");
});

async function failed(): Promise<{ daybook: Harness; id: JobId }> {
  const daybook = await Harness.start({ definitions: [RESTING] });
  const id = await daybook.submit("demo.resting");
  for (let turns = 0; turns < 100 && daybook.job(id).state !== "Failed"; turns++) {
    await daybook.clock.advance(DAY);
  }
  assert.equal(daybook.job(id).state, "Failed");
  return { daybook, id };
}

async function entriesOf(daybook: Harness, id: JobId) {
  return (await daybook.engine.entries(0, 100_000)).filter(({ jobId }) => jobId === id);
}

Deno.test("retry: one of thousands of steps lets others in, and is one batch all the same", async () => {
  const { daybook, id } = await failed();
  const retrying = daybook.engine.retry(id, {});
  let isOver = false;
  void retrying.then(() => isOver = true);
  const events: Promise<unknown>[] = [];
  while (!isOver) {
    events.push(daybook.event("demo.Other"));
    await daybook.clock.nextTurn();
  }
  await Promise.all(events);
  assert.ok(events.length > 3, `${events.length} events`);
  const retried = await retrying;
  assert.ok(retried.ok);
  const entries = await entriesOf(daybook, retried.value.jobId);
  const { batches } = daybook.journal.content;
  const batchOf = (logId: number) => batches.findLast((first) => first <= logId);
  const reused = entries.filter(({ eventType }) => eventType === "job.TimerElapsed");
  assert.equal(reused.length, STEPS);
  const [created] = entries;
  assert.equal(created?.eventType, "job.JobCreated");
  const batch = new Set(reused.map(({ logId }) => batchOf(logId)));
  assert.deepEqual([...batch], [batchOf(created.logId)]);
  const [first, last] = [reused[0], reused.at(-1)];
  assert.ok(last !== undefined && first !== undefined && last.logId - first.logId > STEPS - 1);
  daybook.assertSound();
});

Deno.test("retry: one of thousands of steps is visible before its answer, and others get their turn in between", async () => {
  const { daybook, id } = await failed();
  const retrying = daybook.engine.retry(id, {});
  let isOver = false;
  void retrying.then(() => isOver = true);
  const isCreated = ({ logId, eventType }: JobEventLogEntry) =>
    eventType === "job.JobCreated" && logId > STEPS;
  while (!daybook.journal.content.entries.some(isCreated)) await daybook.clock.nextTurn();
  const created = daybook.journal.content.entries.find(isCreated)?.jobId as JobId;
  assert.equal(daybook.job(created).state, "Running");
  assert.equal(isOver, false);
  await retrying;
  daybook.assertSound();
});

Deno.test("retry: when the disk is full while one of thousands of steps is recorded, nothing of it is, and it can be repeated", async () => {
  const { daybook, id } = await failed();
  const before = (await daybook.engine.entries(0, 100_000)).length;
  daybook.journal.hold();
  daybook.journal.failNext(new JournalFullError("no room"));
  const lost = assert.rejects(daybook.event("demo.Other"), JournalFullError);
  // The batch of the event is being written.
  await daybook.clock.nextTurn();
  const refused = assert.rejects(daybook.engine.retry(id, {}), JournalFullError);
  while (daybook.journal.pendingBytes < 100_000) await daybook.clock.nextTurn();
  daybook.journal.release();
  await Promise.all([lost, refused]);
  assert.equal((await daybook.engine.entries(0, 100_000)).length, before);
  daybook.assertSound();
  const again = await daybook.engine.retry(id, {});
  assert.ok(again.ok);
  assert.equal((await entriesOf(daybook, again.value.jobId)).length > STEPS, true);
  daybook.assertSound();
});

Deno.test("retry: a stop while one of thousands of steps is recorded leaves all of it, or nothing", async () => {
  const { daybook, id } = await failed();
  const retrying = daybook.engine.retry(id, {}).then(() => true, () => false);
  await daybook.clock.nextTurn();
  await daybook.journal.close();
  const isThere = await retrying;
  const reused = daybook.journal.content.entries.filter(({ jobId, eventType }) =>
    jobId !== id && eventType === "job.TimerElapsed"
  );
  assert.equal(reused.length, isThere ? STEPS : 0);
});
