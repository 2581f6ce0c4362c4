/** `ctx.sleep`: a step that ends at a time, whatever happens to the process meanwhile. */

import assert from "node:assert/strict";
import type { JobContext, SleepTime } from "../../src/engine/job_context.ts";
import { findTask, type JobState } from "../../src/core/job_state.ts";
import type { TaskId } from "../../src/core/ids.ts";
import { rounds } from "../support/effort.ts";
import { Harness, type HarnessOptions, looseJob } from "../support/engine/engine_harness.ts";

const DAY = 86_400_000;

/** A job that does `before`, sleeps, and does `after`; it counts the calls of each. */
function sleeper(time: SleepTime = 3 * DAY) {
  const calls: string[] = [];
  const definition = looseJob("demo.sleeper", async (ctx) => {
    await ctx.task("before", () => void calls.push("before"));
    await ctx.sleep("overnight", time);
    await ctx.task("after", () => void calls.push("after"));
    return ctx.now();
  });
  return { definition, calls };
}

function asked(run: (ctx: JobContext<"paid">) => Promise<unknown>) {
  return looseJob("demo.asked", run, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });
}

async function started(definition: HarnessOptions["definitions"], options: HarnessOptions = {}) {
  const daybook = await Harness.start({ ...options, definitions: definition ?? [] });
  const id = await daybook.submit(definition?.[0]?.type ?? "");
  return { daybook, id };
}

function taskOf(job: JobState, id: string) {
  return findTask(job, id as TaskId);
}

Deno.test("sleep: the code continues at the time, and not before", async () => {
  const { definition, calls } = sleeper();
  const { daybook, id } = await started([definition]);
  assert.equal(daybook.condition(id), "sleeping");
  await daybook.clock.advance(3 * DAY - 1);
  assert.deepEqual(calls, ["before"]);
  await daybook.clock.advance(1);
  assert.deepEqual(calls, ["before", "after"]);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("sleep: a job that sleeps holds no worker", async () => {
  const { definition } = sleeper();
  const { daybook } = await started([definition], { maxRunning: 1 });
  const second = await daybook.submit("demo.sleeper");
  assert.equal(daybook.condition(second), "sleeping");
  assert.equal(daybook.engine.activity.queued, 0);
});

Deno.test("sleep: a job that sleeps holds no place among the limits of its type", async () => {
  const { definition, calls } = sleeper();
  const { daybook, id } = await started([{ ...definition, limits: { maxRunning: 1 } }]);
  const second = await daybook.submit("demo.sleeper");
  assert.deepEqual([daybook.condition(id), daybook.condition(second)], ["sleeping", "sleeping"]);
  await daybook.clock.advance(3 * DAY);
  assert.deepEqual(calls, ["before", "before", "after", "after"]);
  daybook.assertSound();
});

Deno.test("sleep: TimerSet has the time of its end, and TimerElapsed has no attributes", async () => {
  const { definition } = sleeper();
  const { daybook, id } = await started([definition]);
  const set = (await daybook.entries(id)).find(({ eventType }) => eventType === "job.TimerSet");
  assert.equal(set?.taskId, "overnight");
  assert.deepEqual(set?.attributes, { dueAt: "2026-01-04T00:00:00.000Z" });
  await daybook.clock.advance(3 * DAY);
  const elapsed = (await daybook.entries(id)).find(({ eventType }) =>
    eventType === "job.TimerElapsed"
  );
  assert.equal(elapsed?.taskId, "overnight");
  assert.deepEqual([elapsed?.attributes, elapsed?.causedBy], [{}, undefined]);
});

Deno.test("sleep: it survives a crash, and one that is over meanwhile ends at the start", async () => {
  const { definition, calls } = sleeper();
  const { daybook, id } = await started([definition]);
  await daybook.clock.advance(DAY);
  const later = await daybook.crash();
  assert.equal(later.condition(id), "sleeping");
  await later.clock.advance(2 * DAY - 1);
  assert.deepEqual(calls, ["before"]);
  await later.clock.advance(1);
  assert.deepEqual(calls, ["before", "after"]);
  later.assertSound();

  const { daybook: again, id: other } = await started([definition]);
  again.clock.pass(4 * DAY);
  const atLast = await again.crash();
  await atLast.clock.advance(1);
  assert.equal(atLast.job(other).state, "Done");
  atLast.assertSound();
});

Deno.test("sleep: a start does not run a sleeping job", async () => {
  const { definition } = sleeper();
  const { daybook, id } = await started([definition]);
  const before = daybook.job(id).lastLogId;
  const later = await daybook.crash();
  await later.clock.advance(DAY);
  assert.equal(later.job(id).lastLogId, before);
});

Deno.test("sleep: its end is recorded while the job is suspended, and the code continues afterwards", async () => {
  const { definition, calls } = sleeper();
  const { daybook, id } = await started([definition]);
  await daybook.control(id, "suspend");
  await daybook.clock.advance(3 * DAY);
  assert.equal(taskOf(daybook.job(id), "overnight")?.status, "completed");
  assert.deepEqual(calls, ["before"]);
  await daybook.control(id, "resume");
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("sleep: wake ends it early, and the entry names the control", async () => {
  const { definition, calls } = sleeper();
  const { daybook, id } = await started([definition]);
  await daybook.engine.control(id, { kind: "wake", reason: "the customer called" });
  await daybook.clock.settle();
  assert.equal(daybook.job(id).state, "Done");
  const woken = (await daybook.entries(id)).find(({ eventType }) => eventType === "job.JobWoken");
  const elapsed = (await daybook.entries(id)).find(({ eventType }) =>
    eventType === "job.TimerElapsed"
  );
  assert.equal(elapsed?.causedBy, woken?.logId);
  await daybook.clock.advance(5 * DAY);
  assert.deepEqual(calls, ["before", "after"]);
  const story = await daybook.story(id);
  assert.equal(story.filter((fact) => fact === "TimerElapsed:overnight").length, 1);
  daybook.assertSound();
});

Deno.test("sleep: a cancelled job no longer sleeps, and nothing is recorded at the time", async () => {
  const { definition } = sleeper();
  const { daybook, id } = await started([definition]);
  await daybook.control(id, "cancel");
  const { lastLogId } = daybook.job(id);
  assert.equal(taskOf(daybook.job(id), "overnight")?.status, "abandoned");
  await daybook.clock.advance(5 * DAY);
  assert.equal(daybook.job(id).lastLogId, lastLogId);
  assert.equal(daybook.clock.armed, 0);
});

Deno.test("sleep: a retry does not repeat a sleep that was over", async () => {
  const attempts = { broken: true };
  const definition = asked(async (ctx) => {
    await ctx.sleep("overnight", DAY);
    await ctx.task("after", () => {
      if (attempts.broken) throw new Error("not yet");
    }, { retry: { maxAttempts: 1 } });
    await ctx.sleep("again", DAY);
  });
  const { daybook, id } = await started([definition]);
  await daybook.clock.advance(DAY);
  assert.equal(daybook.job(id).state, "Failed");
  attempts.broken = false;
  const retried = await daybook.engine.retry(id, {});
  assert.ok(retried.ok);
  await daybook.clock.settle();
  const retry = daybook.job(retried.value.jobId);
  const slept = taskOf(retry, "overnight");
  assert.equal(
    slept?.status === "completed" && slept.reusedFrom,
    taskOf(daybook.job(id), "overnight")?.lastLogId,
  );
  assert.equal(taskOf(retry, "again")?.status, "sleeping");
  daybook.assertSound();
});

Deno.test("sleep: a time in the past, and zero, end at once", async () => {
  for (const time of [0, { until: "2020-01-01T00:00:00Z" }, { until: new Date(0) }]) {
    const { definition } = sleeper(time);
    const { daybook, id } = await started([definition]);
    await daybook.clock.advance(1);
    assert.equal(daybook.job(id).state, "Done");
    daybook.assertSound();
  }
});

Deno.test("sleep: `until` accepts each form of a time", async () => {
  const at = Date.parse("2026-02-01T00:00:00.000Z");
  for (const until of [at, new Date(at), "2026-02-01T01:00:00+01:00"]) {
    const { definition } = sleeper({ until });
    const { daybook, id } = await started([definition]);
    const sleep = taskOf(daybook.job(id), "overnight");
    assert.equal(sleep?.status === "sleeping" && sleep.dueAt, "2026-02-01T00:00:00.000Z");
  }
});

Deno.test("sleep: it works in parallel with tasks and other sleeps", async () => {
  const definition = asked(async (ctx) => {
    await Promise.all([
      ctx.sleep("short", DAY),
      ctx.sleep("long", 2 * DAY),
      ctx.task("work", () => 1),
    ]);
  });
  const { daybook, id } = await started([definition]);
  assert.equal(daybook.condition(id), "sleeping");
  await daybook.clock.advance(DAY);
  assert.equal(daybook.condition(id), "sleeping");
  const later = await daybook.crash();
  await later.clock.advance(DAY);
  // `paid` is still open.
  assert.equal(later.condition(id), "waiting");
  assert.equal(taskOf(later.job(id), "main")?.status, "completed");
  later.assertSound();
});

Deno.test("sleep: a job that also waits for an event is waiting", async () => {
  const definition = asked((ctx) => Promise.all([ctx.sleep("overnight", DAY), ctx.expect("paid")]));
  const { daybook, id } = await started([definition]);
  assert.equal(daybook.condition(id), "waiting");
  await daybook.clock.advance(DAY);
  assert.equal(daybook.condition(id), "waiting");
  await daybook.event("shop.Paid", {}, { jobId: id });
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("sleep: misuse is reported at once", async () => {
  const cases: [(ctx: JobContext<"paid">) => Promise<unknown>, string][] = [
    [
      async (ctx) => {
        await ctx.sleep("twice", 0);
        await ctx.sleep("twice", 0);
      },
      "Cannot ask for sleep twice twice: an id stands for one step and its result; give the " +
      "second step its own id",
    ],
    [
      async (ctx) => {
        await ctx.task("work", () => 1);
        await ctx.sleep("work", 0);
      },
      "Cannot ask for sleep work besides task work: an id stands for one step and its " +
      "result; give the second step its own id",
    ],
    [
      async (ctx) => await ctx.task("work", () => ctx.sleep("inside", 5)),
      "Cannot ask for sleep inside inside task work: a task is a single step; ask for " +
      "both in run, one after the other",
    ],
    [
      (ctx) => Promise.resolve(void ctx.sleep("left", DAY)),
      "run returned before sleep left had ended: await everything that ctx returns",
    ],
    [
      (ctx) => ctx.sleep("back", -1),
      "Cannot ask for sleep back of -1 ms: give milliseconds, from 0 to 100 years",
    ],
    [
      (ctx) => ctx.sleep("nan", NaN),
      "Cannot ask for sleep nan of NaN ms: give milliseconds, from 0 to 100 years",
    ],
    [
      (ctx) => ctx.sleep("far", 1e15),
      "Cannot ask for sleep far of 1000000000000000 ms: give milliseconds, from 0 to 100 years",
    ],
    [
      (ctx) => ctx.sleep("never", { until: "tomorrow" }),
      "Cannot sleep never until tomorrow: give a Date, a time in RFC 3339, or milliseconds since " +
      "the epoch",
    ],
    [
      (ctx) => ctx.sleep("three days", 5),
      'Cannot use "three days" as a sleep id: it must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -',
    ],
    [
      (ctx) => ctx.sleep("main", 5),
      "Cannot ask for sleep main: the name stands for run itself",
    ],
  ];
  for (const [run, message] of cases) {
    const { daybook, id } = await started([asked(run)]);
    await daybook.clock.advance(60 * 60_000);
    const job = daybook.job(id);
    assert.equal("failure" in job && job.failure?.error.message, message);
  }
});

Deno.test("sleep: code that asks for a task instead of a recorded sleep is parked", async () => {
  const { definition } = sleeper();
  const { daybook, id } = await started([definition]);
  const other = {
    ...asked(async (ctx) => {
      await ctx.task("before", () => 1);
      await ctx.task("overnight", () => 1);
    }),
    type: "demo.sleeper",
  };
  const later = await daybook.crash([other]);
  await later.clock.advance(3 * DAY);
  const { parked } = later.job(id);
  assert.equal(parked?.reason, "diverged");
  assert.match(
    parked?.message ?? "",
    /no longer asks for sleep overnight, which entry \d+ recorded/,
  );
});

Deno.test("sleep: its length does not depend on the clock being set", async () => {
  const { definition, calls } = sleeper();
  const { daybook } = await started([definition]);
  daybook.clock.jump(10 * DAY);
  await daybook.clock.advance(3 * DAY - 1);
  assert.deepEqual(calls, ["before"]);
  await daybook.clock.advance(1);
  assert.deepEqual(calls, ["before", "after"]);
});

Deno.test("sleep: many that are due at a start end in groups", async () => {
  const { definition, calls } = sleeper();
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 4 });
  const requests = Array.from({ length: 600 }, () => ({ type: "demo.sleeper", input: {} }));
  for (let created = 0; created < JOBS; created += requests.length) {
    await daybook.engine.createAll(requests);
    await daybook.clock.settle(requests.length);
  }
  daybook.clock.jump(4 * DAY);
  const later = await daybook.crash();
  await later.clock.advance(10);
  await later.clock.settle(JOBS);

  assert.equal(calls.filter((call) => call === "after").length, JOBS);
  const { entries, batches } = later.journal.content;
  const ends = entries.filter(({ eventType }) => eventType === "job.TimerElapsed");
  assert.equal(ends.length, JOBS);
  const together = Map.groupBy(ends, ({ logId }) => batches.findLast((first) => first <= logId));
  for (const group of together.values()) assert.ok(group.length <= 250, `${group.length} at once`);
});

const JOBS = rounds(600, 12_000);
