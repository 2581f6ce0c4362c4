/**
 * Which job may run, and when: an attempt is recorded when there is room for its handler, in the
 * order of the queue, and every job shown as executing does execute.
 */

import assert from "node:assert/strict";
import { jobId } from "../../src/core/ids.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

const short = looseJob("room.short", (ctx) => ctx.task("short", () => {}));

/** Jobs whose handler runs until it is released. */
class Long {
  readonly called: string[] = [];
  #letGo: (() => void)[] = [];

  readonly definition = looseJob("room.long", (ctx) =>
    ctx.task("long", ({ jobId }) => {
      this.called.push(jobId);
      return new Promise<void>((resolve) => this.#letGo.push(resolve));
    }));

  letGo(): void {
    for (const resolve of this.#letGo.splice(0)) resolve();
  }
}

/** Many jobs that take no time, followed by some that do. */
async function withBacklog(long: Long, count: number, shorts = 60) {
  const daybook = await Harness.start({ definitions: [short, long.definition], maxRunning: 1 });
  const ids = Array.from({ length: count }, (_, index) => jobId(`long-${index}`));
  await Promise.all([
    ...Array.from(
      { length: shorts },
      () => daybook.engine.create({ type: "room.short", input: {} }),
    ),
    ...ids.map((id) =>
      daybook.engine.create({ type: "room.long", input: {}, jobId: id, priority: 5 })
    ),
  ]);
  await daybook.clock.settle(200);
  return { daybook, ids };
}

Deno.test("room: a job shown as executing has a running handler", async () => {
  const long = new Long();
  const { daybook, ids } = await withBacklog(long, 20);
  const executing = ids.filter((id) => daybook.condition(id) === "executing");
  assert.deepEqual([executing, long.called], [["long-0"], ["long-0"]]);
  assert.equal(daybook.engine.activity.queued, 19);
});

Deno.test("room: lower priority goes first, even before jobs that came while others ended at once", async () => {
  const long = new Long();
  const { daybook } = await withBacklog(long, 5);
  await daybook.create({
    type: "room.long",
    input: {},
    jobId: jobId("urgent"),
    priority: -100,
  });
  for (let round = 0; round < 6; round++) {
    long.letGo();
    await daybook.clock.advance(30);
  }
  const expected = ["long-0", "urgent", "long-1", "long-2", "long-3", "long-4"];
  assert.deepEqual(long.called, expected);
});

Deno.test("room: a crash does not count for an attempt whose handler was not called", async () => {
  const long = new Long();
  const { daybook, ids } = await withBacklog(long, 6);
  const called = [...long.called];
  const after = await daybook.crash();
  const counted = ids.filter((id) =>
    after.job(id).tasks.some(({ interruptions, taskId }) => taskId === "long" && interruptions > 0)
  );
  assert.deepEqual(counted, called);
});

Deno.test("room: however many prompt jobs wait, at most 512 have begun", async () => {
  let [open, most] = [0, 0];
  const prompt = looseJob("room.prompt", async (ctx) => {
    most = Math.max(most, ++open);
    await ctx.task("short", () => {});
    open--;
  });
  const daybook = await Harness.start({ definitions: [prompt], maxRunning: 64 });
  for (let round = 0; round < 2; round++) {
    const request = () => daybook.engine.create({ type: "room.prompt", input: {} });
    await Promise.all(Array.from({ length: 800 }, request));
    await daybook.clock.settle(200);
    assert.equal(open, 0);
  }
  assert.equal(most, 512);
});

/** A type that was prompt, and whose handlers become slow at some point. */
class Turning {
  readonly called: string[] = [];
  isSlow = false;
  #letGo: (() => void)[] = [];

  readonly definition = looseJob("room.turning", async (ctx) => {
    for (const id of ["first", "second"]) {
      await ctx.task(id, async ({ jobId, taskId }) => {
        if (!this.isSlow || taskId === "first") return;
        this.called.push(jobId);
        await new Promise<void>((resolve) => this.#letGo.push(resolve));
      });
    }
  });

  letGo(): void {
    for (const resolve of this.#letGo.splice(0)) resolve();
  }
}

async function withTurned(count: number, maxRunning = 2) {
  const turning = new Turning();
  const daybook = await Harness.start({ definitions: [turning.definition], maxRunning });
  const make = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        daybook.engine.create({
          type: "room.turning",
          input: {},
          jobId: jobId(`${name}-${index}`),
        })),
    );
  await make("prompt", 60);
  await daybook.clock.settle(200);
  turning.isSlow = true;
  await make("slow", count);
  await daybook.clock.settle(200);
  const ids = Array.from({ length: count }, (_, index) => jobId(`slow-${index}`));
  return { daybook, turning, ids };
}

Deno.test("room: when prompt handlers become slow, attempts that cannot run are withdrawn", async () => {
  const { daybook, turning, ids } = await withTurned(30);
  assert.deepEqual(turning.called, ["slow-0", "slow-1"]);
  await daybook.clock.advance(30);
  assert.deepEqual(ids.filter((id) => daybook.condition(id) === "executing"), turning.called);
  assert.equal(daybook.condition(jobId("slow-29")), "queued");
  const story = await daybook.story(jobId("slow-9"));
  assert.deepEqual(story.slice(-3), [
    "TaskStarted:second",
    "TaskInterrupted:second",
    "TaskInterrupted:main",
  ]);
  assert.equal(daybook.engine.activity.busyWorkers, 2);

  // All of them end, two at a time, in order.
  for (let round = 0; round < 20; round++) {
    turning.letGo();
    await daybook.clock.advance(30);
    assert.ok(ids.filter((id) => daybook.condition(id) === "executing").length <= 2);
  }
  assert.deepEqual(turning.called, ids);
  assert.deepEqual(ids.filter((id) => daybook.job(id).state !== "Done"), []);
  assert.equal(daybook.engine.activity.busyWorkers, 0);
  daybook.assertSound();
});

Deno.test("room: a withdrawn attempt does not count as a crash, and gives its reason", async () => {
  const { daybook } = await withTurned(30);
  await daybook.clock.advance(30);
  const after = await daybook.crash();
  const second = after.job(jobId("slow-9")).tasks.find(({ taskId }) => taskId === "second");
  assert.equal(second?.interruptions, 0);
  const explanation = await (await daybook.engine.explanations()).explainer.explain(
    jobId("slow-9"),
  );
  assert.match(
    JSON.stringify(explanation?.because),
    /it was withdrawn: no worker was free, or the job was suspended/,
  );
});

Deno.test("room: a crash while attempts are withdrawn loses nothing", async () => {
  const { daybook } = await withTurned(30);
  daybook.journal.hold();
  await daybook.clock.advance(30);
  const turning = new Turning();
  const after = await daybook.crash([turning.definition]);
  await after.clock.advance(1_000);
  const left = [...after.engine.lists.page({ limit: 500 }).jobs].filter(({ state }) =>
    state !== "Done"
  );
  assert.deepEqual(left, []);
});

Deno.test("room: the handler of a job that is suspended in time is not called", async () => {
  const called: string[] = [];
  const daybook = await Harness.start({
    definitions: [
      looseJob("room.noted", (ctx) => ctx.task("noted", () => void called.push("noted"))),
    ],
  });
  await daybook.create({ type: "room.noted", input: {}, jobId: jobId("job-1"), start: false });
  // In one batch: another entry, the start of its attempt, and then the suspension.
  daybook.journal.hold();
  const other = daybook.engine.create({ type: "room.noted", input: {}, start: false });
  await daybook.clock.settle();
  const started = daybook.engine.control(jobId("job-1"), { kind: "start" });
  await daybook.clock.settle();
  const suspended = daybook.engine.control(jobId("job-1"), { kind: "suspend" });
  daybook.journal.release();
  for (const each of [other, started, suspended]) assert.ok((await each).ok);
  await daybook.clock.settle(100);
  assert.deepEqual(called, []);
  assert.equal(daybook.condition(jobId("job-1")), "suspended");

  await daybook.control(jobId("job-1"), "resume");
  await daybook.clock.settle(100);
  assert.deepEqual(called, ["noted"]);
  assert.equal(daybook.job(jobId("job-1")).state, "Done");
  const story = await daybook.story(jobId("job-1"));
  assert.ok(story.includes("TaskInterrupted:noted"), `${story}`);
});
