import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError, RetryLater } from "../../src/engine/job_errors.ts";
import { jobId } from "../../src/core/ids.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";

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

Deno.test("run: an attempt has the id of the entry that starts it, and no other entry names it", async () => {
  const seen: string[] = [];
  const definition = looseJob("demo.undone", async (ctx) => {
    await ctx.task("one", (task) => {
      seen.push(task.executionId);
      task.progress(1, 2);
      task.emit("ec.Seen");
      if (task.attempt === 1) throw new Error("not yet");
    }, {
      retry: { maxAttempts: 2, initialMs: 1, jitter: 0 },
      compensate: (_result, task) => void seen.push(task.executionId),
    });
    throw new NonRetryableError("undone");
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.undone", {});
  await daybook.clock.advance(10);

  const entries = await daybook.engine.entries(0, 100);
  const executions = entries.flatMap(({ executionId = [] }) => executionId);
  const starts = entries.filter(({ eventType }) =>
    /TaskStarted|CompensationStarted/.test(eventType)
  );
  assert.equal(daybook.job(id).state, "Failed");
  assert.deepEqual(executions, starts.map(({ eventId }) => eventId.replace("evt_", "exe_")));
  assert.deepEqual(seen, executions.slice(1));
  assert.equal(seen.length, 3);
  daybook.assertSound();
});

Deno.test("run: an attempt is on record before its function runs", async () => {
  const recorded: boolean[] = [];
  const definition = looseJob("demo.first", async (ctx) => {
    await ctx.task("one", (task) => {
      const job = holder.daybook?.job(ctx.jobId as never);
      recorded.push(job?.tasks.some(({ taskId }) => taskId === task.taskId) ?? false);
    });
  });
  const holder: { daybook?: Harness } = {};
  holder.daybook = await Harness.start({ definitions: [definition] });

  await holder.daybook.submit("demo.first");
  await holder.daybook.clock.settle();

  assert.deepEqual(recorded, [true]);
});

Deno.test("run: it is called before its start is durable, in the same batch, but no handler is", async () => {
  const called: string[] = [];
  const definition = looseJob("demo.early", async (ctx) => {
    called.push("run");
    await ctx.task("one", () => void called.push("one"));
  });
  const daybook = await Harness.start({ definitions: [definition] });
  daybook.journal.hold();
  const creating = daybook.engine.create({ type: "demo.early", input: {} });
  await daybook.clock.settle();
  assert.deepEqual(called, ["run"]);
  assert.deepEqual(daybook.engine.lists.page({ limit: 1 }).jobs, [], "the job is not visible");

  daybook.journal.release();
  const created = await creating;
  await daybook.clock.settle();
  assert.ok(created.ok);
  const { job } = created.value;
  assert.deepEqual([job.state, job.tasks.length], ["Running", 0], "the answer is as of its start");
  assert.deepEqual(called, ["run", "one"]);
  const story = await daybook.story(job.jobId);
  const begins = ["JobCreated", "JobStarted", "TaskStarted:main", "TaskStarted:one"];
  assert.deepEqual(story.slice(0, 4), begins);
  const { batches } = daybook.journal.content;
  const after = batches.find((first) => first > job.firstLogId);
  assert.equal(after, job.firstLogId + begins.length, "all of them are in one batch");
});

Deno.test("disk full: a lost start leaves no run behind, and a later start has its own", async () => {
  let calls = 0;
  const definition = looseJob("demo.lost", (ctx) => ctx.task(`one-${++calls}`, () => calls));
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = jobId("job-1");
  const request = { type: "demo.lost", input: {}, jobId: id };
  // With the creation, and then without it; the second time while another job waits for the worker.
  daybook.journal.failNext(new JournalFullError("no room"));
  await assert.rejects(daybook.engine.create(request), JournalFullError);
  await daybook.create({ ...request, start: false });
  daybook.journal.failNext(new JournalFullError("no room"));
  const lost = await Promise.allSettled([
    daybook.engine.control(id, { kind: "start" }),
    daybook.engine.create({ type: "demo.lost", input: {} }),
  ]);
  assert.deepEqual(lost.map(({ status }) => status), ["rejected", "rejected"]);
  await daybook.clock.settle(5_000);
  assert.equal(daybook.job(id).state, "Created");
  const { busyWorkers, queued } = daybook.engine.activity;
  assert.deepEqual([busyWorkers, queued], [0, 0]);

  await daybook.control(id, "start");
  await daybook.clock.settle(5_000);
  const job = daybook.job(id);
  assert.equal(job.state, "Done");
  assert.deepEqual(job.tasks.map(({ taskId }) => taskId), ["main", `one-${calls}`]);
  daybook.assertSound();
});

Deno.test("run: it continues from a result at once, and everything else waits until that is durable", async () => {
  let [returned, began] = [false, false];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const definition = looseJob("demo.durable", async (ctx) => {
    await ctx.task("one", () => gate);
    returned = true;
    await ctx.task("two", () => void (began = true));
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.durable");
  const before = await daybook.story(id);

  daybook.journal.hold();
  open();
  await daybook.clock.settle();
  assert.deepEqual([returned, began], [true, false]);
  assert.deepEqual(await daybook.story(id), before, "the result is not visible");
  assert.equal(daybook.job(id).tasks.find(({ taskId }) => taskId === "one")?.status, "running");

  daybook.journal.release();
  await daybook.clock.settle();
  assert.equal(began, true);
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("run: parallel tasks start in one batch, and all end", async () => {
  const definition = looseJob("demo.parallel", async (ctx) => {
    const results = await Promise.all(
      ["a", "b", "c"].map((name) => ctx.task(name, () => name.toUpperCase())),
    );
    return results.join("");
  });
  const daybook = await Harness.start({ definitions: [definition] });

  const id = await daybook.submit("demo.parallel");

  const [main] = daybook.job(id).tasks;
  assert.equal(main?.status === "completed" && main.result, "ABC");
  assert.deepEqual((await daybook.story(id)).slice(3, 6), [
    "TaskStarted:a",
    "TaskStarted:b",
    "TaskStarted:c",
  ]);
});

Deno.test("retry: a failed attempt backs off without a worker, and is retried", async () => {
  let attempts = 0;
  const flaky = looseJob("demo.flaky", (ctx) =>
    ctx.task("call", (task) => {
      attempts++;
      if (task.attempt < 3) throw new Error(`no answer ${task.attempt}`);
      return task.attempt;
    }, { retry: { maxAttempts: 4, initialMs: 1_000, factor: 2, jitter: 0 } }));
  const daybook = await Harness.start({ definitions: [flaky], maxRunning: 1 });

  const id = await daybook.submit("demo.flaky");
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

Deno.test("retry: the last failed attempt makes a dead letter that names the task", async () => {
  const broken = looseJob("demo.broken", (ctx) =>
    ctx.task("call", () => {
      throw new Error("never works");
    }, { retry: { maxAttempts: 2, initialMs: 100, jitter: 0 } }));
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
  const poison = looseJob("demo.poison", (ctx) =>
    ctx.task("call", () => {
      throw new NonRetryableError("malformed");
    }));
  const daybook = await Harness.start({ definitions: [poison] });

  const id = await daybook.submit("demo.poison");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed" && job.failure.kind === "poison");
});

Deno.test("retry: RetryLater chooses the delay", async () => {
  let attempts = 0;
  const later = looseJob("demo.later", (ctx) =>
    ctx.task("call", () => {
      if (++attempts === 1) throw new RetryLater(90_000);
    }));
  const daybook = await Harness.start({ definitions: [later] });

  const id = await daybook.submit("demo.later");
  await daybook.clock.advance(89_999);
  assert.equal(attempts, 1);
  await daybook.clock.advance(1);
  assert.equal(attempts, 2);
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("time limit: an attempt that takes too long fails, with its signal aborted", async () => {
  let aborted = false;
  const slow = looseJob("demo.slow", (ctx) =>
    ctx.task("hang", (task) => {
      task.signal.addEventListener("abort", () => aborted = true);
      return new Promise(() => {});
    }, { timeoutMs: 5_000, retry: { maxAttempts: 1 } }));
  const daybook = await Harness.start({ definitions: [slow] });

  const id = await daybook.submit("demo.slow");
  await daybook.clock.advance(5_000);

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  // Without a stack, which would only show the engine.
  assert.deepEqual(job.failure.error, {
    name: "TimeoutError",
    message: "took longer than 5000 ms",
  });
  assert.equal(aborted, true);
});

Deno.test("emit: events commit in the same batch as the task's completion", async () => {
  const emitting = looseJob(
    "demo.emit",
    (ctx) => ctx.task("sell", (task) => task.emit("ec.order.OrderSold", { orderId: "42" })),
  );
  const daybook = await Harness.start({ definitions: [emitting] });
  const waiting = await daybook.create({ plan: plan([expectation("sold", "ec.order.OrderSold")]) });

  const id = await daybook.submit("demo.emit");

  const completed = (await daybook.entries(id)).find(({ eventType, taskId }) =>
    eventType === "job.TaskCompleted" && taskId === "sell"
  );
  const [event] = await daybook.engine.entries(completed?.logId ?? 0, 1);
  assert.equal(event?.eventType, "ec.order.OrderSold");
  assert.equal(event?.causedBy, completed?.logId);
  assert.equal(daybook.job(waiting.jobId).state, "Done");
});

Deno.test("task context: its functions may be taken out of it", async () => {
  const emitting = looseJob("demo.parts", (ctx) =>
    ctx.task("sell", ({ emit, log, progress }) => {
      log("sold");
      progress(1, 1);
      emit("ec.order.OrderSold");
    }));
  const daybook = await Harness.start({ definitions: [emitting] });

  const id = await daybook.submit("demo.parts");

  const entries = (await daybook.entries(id)).filter(({ taskId }) => taskId === "sell");
  assert.deepEqual(
    entries.map(({ eventType, attributes }) => [eventType, "emitted" in attributes]),
    [
      ["job.TaskStarted", false],
      ["job.TaskProgressed", false],
      ["job.TaskCompleted", true],
    ],
  );
});

Deno.test("emit: a failed attempt leaves none of its events behind", async () => {
  const emitting = looseJob("demo.emit", (ctx) =>
    ctx.task("sell", (task) => {
      task.emit("ec.order.OrderSold", {});
      throw new NonRetryableError("changed my mind");
    }));
  const daybook = await Harness.start({ definitions: [emitting] });

  await daybook.submit("demo.emit");

  const all = await daybook.engine.entries(0, 1_000);
  assert.ok(all.every(({ eventType }) => eventType !== "ec.order.OrderSold"));
});

Deno.test("progress: the latest report is on record before the attempt ends", async () => {
  const counting = looseJob("demo.count", (ctx) =>
    ctx.task("count", (task) => {
      for (let done = 1; done <= 100; done++) task.progress(done, 100, "rows");
    }));
  const daybook = await Harness.start({ definitions: [counting] });

  const id = await daybook.submit("demo.count");

  const task = daybook.job(id).tasks.find(({ taskId }) => taskId === "count");
  assert.deepEqual(task?.progress, { done: 100, total: 100, note: "rows" });
  assert.equal(task?.status, "completed");
  const reports = (await daybook.story(id)).filter((name) => name.startsWith("TaskProgressed"));
  assert.equal(reports.length, 2);
});

Deno.test("run: an error that it throws fails the job", async () => {
  const throwing = looseJob("demo.throw", async (ctx) => {
    await ctx.task("one", () => 1);
    throw new RangeError("no such warehouse");
  });
  const daybook = await Harness.start({ definitions: [throwing] });

  const id = await daybook.submit("demo.throw");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.deepEqual(
    [job.failure.kind, job.failure.taskId, job.failure.error.name],
    ["error", "main", "RangeError"],
  );
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

Deno.test("ctx.now: it is the time of the last entry that run has seen", async () => {
  const times: number[] = [];
  const timed = looseJob("demo.timed", async (ctx) => {
    times.push(ctx.now());
    await ctx.task("wait", () => new Promise<void>((resolve) => gates.push(resolve)));
    times.push(ctx.now());
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
