/** The small parts of the engine, each by itself. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EntryColumns } from "../../src/engine/entry_columns.ts";
import { EventIdIndex } from "../../src/engine/event_id_index.ts";
import { Feed } from "../../src/engine/feed.ts";
import { Lanes } from "../../src/engine/lanes.ts";
import { ProgressReporter } from "../../src/engine/progress_reporter.ts";
import { Scheduler } from "../../src/engine/scheduler.ts";
import { WorkerQueue } from "../../src/engine/worker_queue.ts";
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

Deno.test("lanes: one at a time for a key, also after a failure, and side by side for others", async () => {
  const lanes = new Lanes();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lanes.run("a", async () => {
    log.push("a1");
    await gate.promise;
    throw new Error("a1 failed");
  });
  const second = lanes.run("a", () => Promise.resolve(log.push("a2")));
  await lanes.run("b", () => Promise.resolve(log.push("b1")));
  gate.resolve();

  await assert.rejects(first, /a1 failed/);
  await second;
  assert.deepEqual(log, ["a1", "b1", "a2"]);
});

Deno.test("worker queue: never more than the limit, and a withdrawn request gets nothing", () => {
  const queue = new WorkerQueue(2);
  const granted: string[] = [];
  const ask = (name: string, priority = 0, order = 0) =>
    queue.request(priority, order, () => void granted.push(name));
  ask("a");
  ask("b");
  const withdraw = ask("c", -1);
  ask("late", 1, 1);
  ask("early", 1, 0);
  withdraw();
  assert.deepEqual([granted, queue.busy, queue.waiting], [["a", "b"], 2, 2]);

  queue.release();
  queue.release();

  assert.deepEqual(granted, ["a", "b", "early", "late"]);
});

Deno.test("worker queue: a stopped queue grants nothing more", () => {
  const queue = new WorkerQueue(1);
  queue.stop();
  queue.request(0, 0, () => assert.fail("was granted"));

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

Deno.test("feed: wakes those who wait for a job, and nobody is left behind", async () => {
  const clock = new FakeClock();
  const feed = new Feed(clock);
  const woken: string[] = [];
  const waits = [
    feed.nextOf("job-1" as never, 1_000).then(() => woken.push("job-1")),
    feed.nextOf("job-2" as never, 1_000).then(() => woken.push("job-2")),
    feed.next(1_000).then(() => woken.push("any")),
  ];

  feed.wake(["job-1" as never]);
  await clock.settle();
  assert.deepEqual(woken.toSorted(), ["any", "job-1"]);
  await clock.advance(1_000);
  await Promise.all(waits);

  assert.deepEqual([feed.waiting, clock.armed], [0, 0]);
});

Deno.test("progress reporter: one report on its way, then the latest, none in between", async () => {
  const gate = Promise.withResolvers<void>();
  const recorded: number[] = [];
  const reporter = new ProgressReporter(async ({ done }) => {
    recorded.push(done);
    await gate.promise;
  });
  for (let done = 1; done <= 50; done++) reporter.report(done, 50);
  gate.resolve();
  await reporter.flushed();

  assert.deepEqual(recorded, [1, 50]);
});
