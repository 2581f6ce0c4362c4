import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError, RetryLater } from "../../src/engine/definition.ts";
import { Harness } from "../support/engine_harness.ts";

const anyInput = v.looseObject({});

Deno.test("run: three tasks run in order, each attempt and result on record", async () => {
  const ran: string[] = [];
  const definition = defineJob({
    type: "demo.three",
    version: 1,
    input: v.object({ base: v.number() }),
    async run(ctx, { base }) {
      const one = await ctx.task("one", () => (ran.push("one"), base + 1));
      const two = await ctx.task("two", () => (ran.push("two"), one + 1));
      return { total: await ctx.task("three", () => (ran.push("three"), two + 1)) };
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });

  const id = await daybook.submit("demo.three", { base: 1 });
  await daybook.clock.settle();

  const job = daybook.job(id);
  assert.equal(job.state, "Done");
  assert.deepEqual(ran, ["one", "two", "three"]);
  assert.deepEqual(await daybook.story(id), [
    "JobCreated",
    "JobStarted",
    "TaskStarted:main",
    "TaskStarted:one",
    "TaskCompleted:one",
    "TaskStarted:two",
    "TaskCompleted:two",
    "TaskStarted:three",
    "TaskCompleted:three",
    "TaskCompleted:main",
  ]);
  const main = job.tasks[0];
  assert.deepEqual(main?.status === "completed" && main.result, { total: 4 });
  daybook.assertSound();
});

Deno.test("run: an attempt is on record before its function runs", async () => {
  const recorded: boolean[] = [];
  const definition = defineJob({
    type: "demo.first",
    version: 1,
    input: anyInput,
    async run(ctx) {
      await ctx.task("one", (task) => {
        const job = holder.daybook?.job(ctx.jobId as never);
        recorded.push(job?.tasks.some(({ taskId }) => taskId === task.taskId) ?? false);
      });
    },
  });
  const holder: { daybook?: Harness } = {};
  holder.daybook = await Harness.start({ definitions: [definition] });

  await holder.daybook.submit("demo.first");
  await holder.daybook.clock.settle();

  assert.deepEqual(recorded, [true]);
});

Deno.test("run: it goes on from a result at once, and nothing else before that is durable", async () => {
  let [returned, began] = [false, false];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const definition = defineJob({
    type: "demo.durable",
    version: 1,
    input: anyInput,
    async run(ctx) {
      await ctx.task("one", () => gate);
      returned = true;
      await ctx.task("two", () => void (began = true));
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.durable");
  await daybook.clock.settle();
  const before = await daybook.story(id);

  daybook.journal.hold();
  open();
  await daybook.clock.settle();
  assert.deepEqual([returned, began], [true, false]);
  assert.deepEqual(await daybook.story(id), before, "nobody is shown the result");
  assert.equal(daybook.job(id).tasks.find(({ taskId }) => taskId === "one")?.status, "running");

  daybook.journal.release();
  await daybook.clock.settle();
  assert.equal(began, true);
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("run: tasks asked for side by side start in one batch and all end", async () => {
  const definition = defineJob({
    type: "demo.parallel",
    version: 1,
    input: anyInput,
    async run(ctx) {
      const results = await Promise.all(
        ["a", "b", "c"].map((name) => ctx.task(name, () => name.toUpperCase())),
      );
      return results.join("");
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });

  const id = await daybook.submit("demo.parallel");
  await daybook.clock.settle();

  const [main] = daybook.job(id).tasks;
  assert.equal(main?.status === "completed" && main.result, "ABC");
  assert.deepEqual((await daybook.story(id)).slice(3, 6), [
    "TaskStarted:a",
    "TaskStarted:b",
    "TaskStarted:c",
  ]);
});

Deno.test("retry: a failed attempt backs off, holds no worker, and is tried again", async () => {
  let attempts = 0;
  const flaky = defineJob({
    type: "demo.flaky",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("call", (task) => {
        attempts++;
        if (task.attempt < 3) throw new Error(`no answer ${task.attempt}`);
        return task.attempt;
      }, { retry: { maxAttempts: 4, initialMs: 1_000, factor: 2, jitter: 0 } }),
  });
  const daybook = await Harness.start({ definitions: [flaky], maxRunning: 1 });

  const id = await daybook.submit("demo.flaky");
  await daybook.clock.settle();
  assert.equal(daybook.condition(id), "backingOff");
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.clock.advance(999);
  assert.equal(attempts, 1);
  await daybook.clock.advance(1);
  assert.equal(attempts, 2);
  await daybook.clock.advance(2_000);
  assert.equal(attempts, 3);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("retry: attempts used up is a dead letter that names the task", async () => {
  const broken = defineJob({
    type: "demo.broken",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("call", () => {
        throw new Error("never works");
      }, { retry: { maxAttempts: 2, initialMs: 100, jitter: 0 } }),
  });
  const daybook = await Harness.start({ definitions: [broken] });

  const id = await daybook.submit("demo.broken");
  await daybook.clock.advance(100);

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.equal(job.failure.kind, "deadLetter");
  assert.equal(job.failure.taskId, "call");
  assert.equal(job.failure.error.message, "never works");
  assert.equal(daybook.engine.activity.busyWorkers, 0);
});

Deno.test("retry: NonRetryableError fails at once as poison", async () => {
  const poison = defineJob({
    type: "demo.poison",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("call", () => {
        throw new NonRetryableError("malformed");
      }),
  });
  const daybook = await Harness.start({ definitions: [poison] });

  const id = await daybook.submit("demo.poison");
  await daybook.clock.settle();

  const job = daybook.job(id);
  assert.ok(job.state === "Failed" && job.failure.kind === "poison");
});

Deno.test("retry: RetryLater chooses the delay", async () => {
  let attempts = 0;
  const later = defineJob({
    type: "demo.later",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("call", () => {
        if (++attempts === 1) throw new RetryLater(90_000);
      }),
  });
  const daybook = await Harness.start({ definitions: [later] });

  const id = await daybook.submit("demo.later");
  await daybook.clock.advance(89_999);
  assert.equal(attempts, 1);
  await daybook.clock.advance(1);
  assert.equal(attempts, 2);
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("time limit: an attempt that takes too long fails, its signal aborted", async () => {
  let aborted = false;
  const slow = defineJob({
    type: "demo.slow",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("hang", (task) => {
        task.signal.addEventListener("abort", () => aborted = true);
        return new Promise(() => {});
      }, { timeoutMs: 5_000, retry: { maxAttempts: 1 } }),
  });
  const daybook = await Harness.start({ definitions: [slow] });

  const id = await daybook.submit("demo.slow");
  await daybook.clock.advance(5_000);

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.equal(job.failure.error.name, "TimeoutError");
  assert.equal(aborted, true);
});

Deno.test("emit: events commit in the same batch as the task's completion", async () => {
  const emitting = defineJob({
    type: "demo.emit",
    version: 1,
    input: anyInput,
    run: (ctx) => ctx.task("sell", (task) => task.emit("ec.order.OrderSold", { orderId: "42" })),
  });
  const daybook = await Harness.start({ definitions: [emitting] });
  const waiting = await daybook.create({
    plan: {
      expected: [{
        id: "sold",
        kind: "DomainFact",
        matcher: { eventType: "ec.order.OrderSold" as never, correlation: "any" },
        multiplicity: "ExactlyOnce",
      }],
      policy: { errors: [], onCompensated: "Failed" },
    },
  });

  const id = await daybook.submit("demo.emit");
  await daybook.clock.settle();

  const completed = (await daybook.entries(id)).find(({ eventType, taskId }) =>
    eventType === "job.TaskCompleted" && taskId === "sell"
  );
  const [event] = await daybook.engine.entries(completed?.logId ?? 0, 1);
  assert.equal(event?.eventType, "ec.order.OrderSold");
  assert.equal(event?.causedBy, completed?.logId);
  assert.equal(daybook.job(waiting.jobId).state, "Done");
});

Deno.test("emit: a failed attempt leaves none of its events behind", async () => {
  const emitting = defineJob({
    type: "demo.emit",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("sell", (task) => {
        task.emit("ec.order.OrderSold", {});
        throw new NonRetryableError("changed my mind");
      }),
  });
  const daybook = await Harness.start({ definitions: [emitting] });

  await daybook.submit("demo.emit");
  await daybook.clock.settle();

  const all = await daybook.engine.entries(0, 1_000);
  assert.ok(all.every(({ eventType }) => eventType !== "ec.order.OrderSold"));
});

Deno.test("progress: the latest report is on record before the attempt ends", async () => {
  const counting = defineJob({
    type: "demo.count",
    version: 1,
    input: anyInput,
    run: (ctx) =>
      ctx.task("count", (task) => {
        for (let done = 1; done <= 100; done++) task.progress(done, 100, "rows");
      }),
  });
  const daybook = await Harness.start({ definitions: [counting] });

  const id = await daybook.submit("demo.count");
  await daybook.clock.settle();

  const task = daybook.job(id).tasks.find(({ taskId }) => taskId === "count");
  assert.deepEqual(task?.progress, { done: 100, total: 100, note: "rows" });
  assert.equal(task?.status, "completed");
  const reports = (await daybook.story(id)).filter((name) => name.startsWith("TaskProgressed"));
  assert.equal(reports.length, 2);
});

Deno.test("run: what it throws itself fails the job with that error", async () => {
  const throwing = defineJob({
    type: "demo.throw",
    version: 1,
    input: anyInput,
    async run(ctx) {
      await ctx.task("one", () => 1);
      throw new RangeError("no such warehouse");
    },
  });
  const daybook = await Harness.start({ definitions: [throwing] });

  const id = await daybook.submit("demo.throw");
  await daybook.clock.settle();

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.deepEqual(
    [job.failure.kind, job.failure.taskId, job.failure.error.name],
    ["error", "main", "RangeError"],
  );
});

Deno.test("run: the same task twice, or a task named main, is an error that says so", async () => {
  const twice = defineJob({
    type: "demo.twice",
    version: 1,
    input: anyInput,
    async run(ctx) {
      await ctx.task("one", () => 1);
      await ctx.task("one", () => 2);
    },
  });
  const daybook = await Harness.start({ definitions: [twice] });

  const id = await daybook.submit("demo.twice");
  await daybook.clock.settle();

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.match(job.failure.error.message, /Cannot run task one: this job has asked for it before/);
});

Deno.test("queue: lower priority first, then first in, first out", async () => {
  const order: string[] = [];
  const gates: (() => void)[] = [];
  const named = defineJob({
    type: "demo.named",
    version: 1,
    input: v.object({ name: v.string() }),
    run: (ctx, { name }) =>
      ctx.task("work", async () => {
        order.push(name);
        await new Promise<void>((resolve) => gates.push(resolve));
      }),
  });
  const daybook = await Harness.start({ definitions: [named], maxRunning: 1 });
  const submit = (name: string, priority: number) =>
    daybook.create({ type: "demo.named", input: { name }, priority });

  await submit("first", 0);
  const late = await submit("late", 5);
  await submit("second", 0);
  await submit("third", 0);
  await submit("urgent", -5);
  await daybook.clock.settle();
  assert.equal(daybook.condition(late.jobId), "queued");
  for (let job = 0; job < 5; job++) {
    gates.shift()?.();
    await daybook.clock.settle();
  }

  assert.deepEqual(order, ["first", "urgent", "second", "third", "late"]);
});

Deno.test("ctx.now: is the time of the last entry that run has seen", async () => {
  const times: number[] = [];
  const timed = defineJob({
    type: "demo.timed",
    version: 1,
    input: anyInput,
    async run(ctx) {
      times.push(ctx.now());
      await ctx.task("wait", () => new Promise<void>((resolve) => gates.push(resolve)));
      times.push(ctx.now());
    },
  });
  const gates: (() => void)[] = [];
  const daybook = await Harness.start({ definitions: [timed] });

  await daybook.submit("demo.timed");
  const began = daybook.clock.now();
  await daybook.clock.advance(12_345);
  gates[0]?.();
  await daybook.clock.settle();

  assert.deepEqual(times, [began, began + 12_345]);
});
