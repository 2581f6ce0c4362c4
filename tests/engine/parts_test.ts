/** The small parts of the engine, each by itself. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EntryColumns } from "../../src/engine/writer/entry_columns.ts";
import { EventIdIndex } from "../../src/engine/writer/event_id_index.ts";
import type { JobId } from "../../src/core/ids.ts";
import type { Applied } from "../../src/core/job_fold.ts";
import { JobWaits } from "../../src/engine/views/job_waits.ts";
import { Slots } from "../../src/engine/run/slots.ts";
import { Scheduler } from "../../src/engine/run/scheduler.ts";
import { WorkerQueue } from "../../src/engine/run/worker_queue.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("event id index: every id is found, through growth and a restored capture", () => {
  const index = new EventIdIndex();
  for (let logId = 1; logId <= 20_000; logId++) index.add(`evt_${logId}`, logId);
  const restored = new EventIdIndex();
  restored.restore(index.capture());

  for (let logId = 1; logId <= 20_000; logId++) {
    assert.ok(index.candidates(`evt_${logId}`).includes(logId));
    assert.ok(restored.candidates(`evt_${logId}`).includes(logId));
  }
  assert.equal(restored.size, 20_000);
});

Deno.test("event id index: an id that was not added is hardly ever a candidate", () => {
  const index = new EventIdIndex();
  for (let logId = 1; logId <= 20_000; logId++) index.add(`evt_${logId}`, logId);
  let wrong = 0;
  for (let other = 0; other < 20_000; other++) wrong += index.candidates(`x${other}`).length;

  assert.ok(wrong <= 3, `${wrong} of 20,000`);
});

Deno.test("entry columns: a chain gives a job's positions in order, between two bounds", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }),
    fc.nat(200),
    fc.integer({ min: 1, max: 50 }),
    (jobs, after, limit) => {
      const columns = new EntryColumns();
      const positions = new Map<number, number[]>();
      jobs.forEach((job, index) => {
        const mine = positions.get(job) ?? [];
        columns.add(index + 1, mine.at(-1) ?? 0);
        positions.set(job, [...mine, index + 1]);
      });
      for (const mine of positions.values()) {
        const expected = mine.filter((logId) => logId > after).slice(0, limit);
        assert.deepEqual(columns.chain(mine.at(-1) ?? 0, after, limit), expected);
      }
    },
  ));
});

Deno.test("entry columns: transitions survive a capture, and an unchanged entry has none", () => {
  const columns = new EntryColumns();
  for (let logId = 1; logId <= 10_000; logId++) columns.add(logId, 0);
  columns.changed(9_999, undefined, "Created", "scheduled");
  columns.changed(10_000, "Running", "Failed", "cancelled");
  const restored = new EntryColumns();
  restored.restore(columns.capture());

  assert.deepEqual(restored.transitionAt(9_999), {
    from: null,
    to: "Created",
    condition: "scheduled",
  });
  assert.deepEqual(restored.transitionAt(10_000), {
    from: "Running",
    to: "Failed",
    condition: "cancelled",
  });
  assert.equal(restored.transitionAt(1), undefined);
  assert.equal(restored.transitionAt(99_999), undefined);
});

Deno.test("worker queue: never more than the limit, and a withdrawn request gets nothing", () => {
  const queue = new WorkerQueue(2, assert.ifError);
  const granted: string[] = [];
  const ask = (name: string, priority = 0, order = 0) =>
    queue.request(priority, order, false, () => void granted.push(name));
  ask("a");
  ask("b");
  const withdraw = ask("c", -1);
  ask("late", 1, 1);
  ask("early", 1, 0);
  withdraw?.();
  assert.deepEqual([granted, queue.busy, queue.waiting], [["a", "b"], 2, 2]);

  queue.release();
  queue.release();

  assert.deepEqual(granted, ["a", "b", "early", "late"]);
});

Deno.test("worker queue: while there is no room to begin, jobs that go on get the workers, and order is kept", () => {
  const queue = new WorkerQueue(1, assert.ifError);
  const granted: string[] = [];
  const ask = (name: string, order: number, begins: boolean) =>
    queue.request(0, order, begins, () => void granted.push(name));
  const again: (() => void)[] = [];
  ask("busy", 0, false);
  ask("begins", 1, true);
  ask("begins too", 2, true);
  ask("goes on", 3, false);
  queue.holdBeginning((callback) => again.push(callback));
  queue.holdBeginning((callback) => again.push(callback));
  assert.deepEqual([queue.aheadOf(0, 3), queue.holds(0, 1)], [2, true]);

  queue.release();
  assert.deepEqual([granted, again.length], [["busy", "goes on"], 1]);
  queue.release();
  assert.deepEqual(granted, ["busy", "goes on"]);
  again[0]?.();
  queue.release();

  assert.deepEqual(granted, ["busy", "goes on", "begins", "begins too"]);
});

Deno.test("worker queue: a stopped queue grants nothing more", () => {
  const queue = new WorkerQueue(1, assert.ifError);
  queue.stop();
  queue.request(0, 0, false, () => assert.fail("was granted"));

  assert.deepEqual([queue.busy, queue.waiting], [0, 1]);
});

Deno.test("scheduler: alarms ring in order of time, not before, and not when cancelled", async () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock);
  const rang: string[] = [];
  scheduler.after(300, () => rang.push("later"));
  scheduler.after(100, () => rang.push("first"));
  scheduler.after(200, () => rang.push("cancelled"))();

  await clock.advance(99);
  assert.deepEqual(rang, []);
  await clock.advance(1);
  assert.deepEqual(rang, ["first"]);
  await clock.advance(1_000);
  assert.deepEqual(rang, ["first", "later"]);
});

Deno.test("scheduler: looks again before long, since the clock may jump ahead", async () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock);
  let rang = false;
  scheduler.after(3_600_000, () => rang = true);

  clock.jump(3_600_000);
  await clock.advance(30_000);

  assert.equal(rang, true);
});

Deno.test("job waits: they end with the job as wanted, the time, the signal or the engine", async () => {
  const clock = new FakeClock();
  const waits = new JobWaits(clock);
  const ended: string[] = [];
  const aborter = new AbortController();
  const wait = (name: string, jobId: string, timeoutMs: number, signal?: AbortSignal) =>
    waits.until(jobId as JobId, ({ state }) => state === "Done", timeoutMs, signal)
      .then(() => ended.push(name));
  const all = [
    wait("wanted", "job-1", 1_000),
    wait("time", "job-2", 500),
    wait("signal", "job-2", 1_000, aborter.signal),
    wait("engine", "job-2", 2_000),
  ];
  assert.deepEqual([waits.size, clock.armed], [4, 1]);

  waits.see({ job: { jobId: "job-1", state: "Running" } } as Applied);
  waits.see({ job: { jobId: "job-2", state: "Running" } } as Applied);
  await clock.settle();
  assert.deepEqual(ended, []);
  waits.see({ job: { jobId: "job-1", state: "Done" } } as Applied);
  await clock.settle();
  assert.deepEqual(ended, ["wanted"]);
  await clock.advance(499);
  assert.deepEqual(ended, ["wanted"]);
  await clock.advance(1);
  aborter.abort();
  await clock.settle();
  assert.deepEqual(ended, ["wanted", "time", "signal"]);
  waits.endAll();
  await Promise.all(all);

  assert.deepEqual([ended.length, waits.size, clock.armed], [4, 0, 0]);
});

Deno.test("slots: never more than the limit at once, and the others in their order", () => {
  const slots = new Slots(2);
  const begun: string[] = [];
  for (const name of ["a", "b", "c", "d"]) slots.enter(() => begun.push(name));
  assert.deepEqual([begun, slots.running], [["a", "b"], 2]);

  slots.leave();
  slots.leave();
  assert.deepEqual([begun, slots.running], [["a", "b", "c", "d"], 2]);
  slots.leave();
  slots.leave();
  assert.equal(slots.running, 0);
});

Deno.test("slots: runs beyond them begin only as fast as handlers end", () => {
  const slots = new Slots(2);
  assert.equal(slots.spareRuns(), 0);
  slots.enter(() => {});
  assert.equal(slots.spareRuns(), 0, "one that goes on makes no room");
  slots.leave();
  assert.equal(slots.spareRuns(), 2);
  assert.equal(slots.spareRuns(), 0, "nothing ended since");
  for (let ended = 0; ended < 1_000; ended++) slots.enter(() => slots.leave());
  assert.equal(slots.spareRuns(), 30, "fifteen for each slot at the most");
  for (const name of ["a", "b", "c"]) slots.enter(() => name);
  slots.leave();
  slots.enter(() => {});
  assert.equal(slots.spareRuns(), 0, "one waits for a slot");
});
