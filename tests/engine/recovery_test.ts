import assert from "node:assert/strict";
import * as v from "valibot";
import { isTerminal } from "../../src/core/job_state.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

const loose = v.looseObject({});

/** A job of named tasks; the test opens the gate of each, and can see which ran. */
function stepped(names: readonly string[], version = 1) {
  const ran: string[] = [];
  const gates = new Map<string, () => void>();
  const definition: AnyJobDefinition = defineJob({
    type: "demo.stepped",
    version,
    runs: [1],
    input: loose,
    async run(ctx) {
      const results: string[] = [];
      for (const name of names) {
        results.push(
          await ctx.task(name, async () => {
            ran.push(name);
            await new Promise<void>((resolve) => gates.set(name, resolve));
            return name.toUpperCase();
          }),
        );
      }
      return results.join("");
    },
  });
  return { definition, ran, open: (name: string) => gates.get(name)?.() };
}

Deno.test("restart: a running job continues; completed tasks do not run again", async () => {
  const steps = stepped(["a", "b", "c"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");
  steps.open("a");
  await daybook.clock.settle();
  assert.deepEqual(steps.ran, ["a", "b"]);

  const restarted = await daybook.crash();
  for (const name of ["b", "c"]) {
    steps.open(name);
    await restarted.clock.settle();
  }

  assert.deepEqual(steps.ran, ["a", "b", "b", "c"]);
  assert.equal(restarted.output(id), "ABC");
  const interrupted = (await restarted.entries(id)).filter(({ eventType }) =>
    eventType === "job.TaskInterrupted"
  );
  assert.deepEqual(interrupted.map(({ taskId }) => taskId), ["main", "b"]);
  const [cause] = await restarted.engine.entries((interrupted[0]?.causedBy ?? 0) - 1, 1);
  assert.equal(cause?.eventType, "journal.Recovered");
  restarted.assertSound();
});

Deno.test("restart: replaying the journal gives the same states, byte for byte", async () => {
  const steps = stepped(["a", "b"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const done = await daybook.submit("demo.stepped");
  steps.open("a");
  await daybook.clock.settle();
  steps.open("b");
  await daybook.clock.settle();
  const before = JSON.stringify(daybook.job(done));

  const replayed = await daybook.crash();
  await replayed.journal.close();
  const restored = await replayed.crash();

  assert.equal(daybook.job(done).state, "Done");
  assert.equal(JSON.stringify(replayed.job(done)), before);
  assert.equal(JSON.stringify(restored.job(done)), before);
});

Deno.test("restart: a queued job runs", async () => {
  const steps = stepped(["a"]);
  const daybook = await Harness.start({ definitions: [steps.definition], maxRunning: 1 });
  await daybook.submit("demo.stepped");
  const id = await daybook.submit("demo.stepped");
  assert.equal(daybook.condition(id), "queued");

  const restarted = await daybook.crash();
  steps.open("a");
  await restarted.clock.settle();
  steps.open("a");
  await restarted.clock.settle();

  assert.equal(restarted.job(id).state, "Done");
});

Deno.test("restart: a waiting job keeps waiting, and continues when its event comes", async () => {
  let calls = 0;
  const waiting = looseJob("demo.waiting", async (ctx) => {
    calls++;
    const before = await ctx.task("before", () => "B");
    const [event] = await ctx.expect("shipped");
    return `${before} ${event.attributes["tracking"]}`;
  }, { expects: () => ({ shipped: { eventType: "ec.Shipped" } }) });
  const daybook = await Harness.start({ definitions: [waiting] });
  const id = await daybook.submit("demo.waiting");

  const restarted = await daybook.crash();
  assert.equal(restarted.condition(id), "waiting");
  const story = await restarted.story(id);
  // `run` was called to check whether it fits, and nothing was started.
  assert.ok(!story.includes("TaskInterrupted:main"));
  assert.equal(story.filter((step) => step === "TaskStarted:main").length, 1);

  await restarted.event("ec.Shipped", { tracking: "T-1" });
  assert.equal(calls, 3);
  assert.equal(restarted.output(id), "B T-1");
  restarted.assertSound();
});

Deno.test("restart: a job that backs off is retried at its time, and not before", async () => {
  const attempts: number[] = [];
  const flaky = looseJob("demo.flaky", (ctx) =>
    ctx.task("call", (task) => {
      attempts.push(task.attempt);
      if (task.attempt === 1) throw new Error("no answer");
    }, { retry: { initialMs: 60_000, jitter: 0 } }));
  const daybook = await Harness.start({ definitions: [flaky] });
  const id = await daybook.submit("demo.flaky");

  const restarted = await daybook.crash();
  assert.equal(restarted.condition(id), "backingOff");
  await restarted.clock.advance(59_999);
  assert.deepEqual(attempts, [1]);
  await restarted.clock.advance(1);

  assert.deepEqual(attempts, [1, 2]);
  assert.equal(restarted.job(id).state, "Done");
});

Deno.test("restart: a suspended job stays suspended, and continues when resumed", async () => {
  const steps = stepped(["a", "b"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");
  await daybook.control(id, "suspend");
  steps.open("a");
  await daybook.clock.settle();

  const restarted = await daybook.crash();
  assert.equal(restarted.condition(id), "suspended");
  assert.deepEqual(steps.ran, ["a"]);
  await restarted.control(id, "resume");
  steps.open("b");
  await restarted.clock.settle();

  assert.deepEqual(steps.ran, ["a", "b"]);
  assert.equal(restarted.job(id).state, "Done");
});

Deno.test("restart: parallel tasks resolve in the order of the journal", async () => {
  const orders: string[][] = [];
  const gates = new Map<string, () => void>();
  const racing = looseJob("demo.racing", async (ctx) => {
    const order: string[] = [];
    orders.push(order);
    await Promise.all(["a", "b", "c"].map(async (name) => {
      await ctx.task(name, () => new Promise<void>((resolve) => gates.set(name, resolve)));
      order.push(`${name} ${ctx.now()}`);
    }));
    await ctx.expect("go");
  }, { expects: () => ({ go: { eventType: "ec.Go" } }) });
  const daybook = await Harness.start({ definitions: [racing] });
  const id = await daybook.submit("demo.racing");
  for (const name of ["c", "a", "b"]) {
    await daybook.clock.advance(1_000);
    gates.get(name)?.();
    await daybook.clock.settle();
  }

  const restarted = await daybook.crash();
  await restarted.event("ec.Go");

  assert.equal(restarted.job(id).state, "Done");
  // The first call, a trial at the start, and the one after the event.
  assert.equal(orders.length, 3);
  assert.deepEqual(orders[0]?.map((text) => text[0]), ["c", "a", "b"]);
  assert.deepEqual(orders.slice(1), [orders[0], orders[0]]);
});

Deno.test("restart: the trial of a waiting job is watched as a call of its run, which may block the event loop", async () => {
  const open: string[] = [];
  const attemptWatch = {
    began: (jobId: string, taskId: string) => open.push(`${jobId} ${taskId}`) - 1,
    ended: (attempt: number) => void open.splice(attempt, 1, ""),
  };
  const seen: (readonly string[])[] = [];
  const waiting = looseJob("demo.waiting", async (ctx) => {
    seen.push(open.filter((attempt) => attempt !== ""));
    await ctx.expect("go");
  }, { expects: () => ({ go: { eventType: "ec.Go" } }) });
  const daybook = await Harness.start({ definitions: [waiting], attemptWatch });
  const id = await daybook.submit("demo.waiting");
  await daybook.crash();

  assert.deepEqual(seen, [[`${id} main`], [`${id} main`]]);
  assert.deepEqual(open.filter((attempt) => attempt !== ""), []);
});

for (
  const { change, names, message } of [
    {
      change: "a completed task renamed",
      names: ["a2", "b", "c"],
      message: /no longer asks for task a, which entry 6 recorded .*it asks for a2 instead/,
    },
    {
      change: "two tasks swapped",
      names: ["b", "a", "c"],
      message: /no longer asks for task a, which entry 6 recorded .*it asks for b instead/,
    },
    {
      change: "a task added in the middle",
      names: ["a", "new", "b", "c"],
      message: /no longer asks for task b, which entry 8 recorded .*it asks for new instead/,
    },
    {
      change: "a task removed",
      names: ["b", "c"],
      message: /no longer asks for task a, which entry 6 recorded/,
    },
    {
      change: "the interrupted task removed",
      names: ["a", "b"],
      message: /no longer asks for task c, which entry 10 recorded .*it returns instead/,
    },
  ]
) {
  Deno.test(`non-determinism: ${change} parks the job and names the line`, async () => {
    const before = stepped(["a", "b", "c"]);
    const after = stepped(names, 2);
    const daybook = await Harness.start({ definitions: [before.definition] });
    const id = await daybook.submit("demo.stepped");
    before.open("a");
    await daybook.clock.settle();
    before.open("b");
    await daybook.clock.settle();

    const restarted = await daybook.crash([after.definition]);
    await restarted.clock.advance(5_000);

    const job = restarted.job(id);
    assert.ok(job.state === "Running");
    assert.equal(job.parked?.reason, "diverged");
    assert.match(job.parked.message, /demo.stepped version 2/);
    const line = job.parked.disagreesWith;
    const [entry] = await restarted.engine.entries(Number(line) - 1, 1);
    assert.equal(entry?.eventType, "job.TaskStarted");
    assert.match(
      job.parked.message,
      new RegExp(message.source.replace(/entry \d+/, `entry ${line}`)),
    );
    assert.deepEqual(after.ran, []);
    restarted.assertSound();
  });
}

Deno.test("non-determinism: a task added at the end is no divergence", async () => {
  const before = stepped(["a", "b"]);
  const after = stepped(["a", "b", "c"], 2);
  const daybook = await Harness.start({ definitions: [before.definition] });
  const id = await daybook.submit("demo.stepped");
  before.open("a");
  await daybook.clock.settle();

  const restarted = await daybook.crash([after.definition]);
  for (const name of ["b", "c"]) {
    after.open(name);
    await restarted.clock.settle();
  }

  assert.equal(restarted.output(id), "ABC");
});

Deno.test("stop: running tasks may finish; the rest is interrupted and continues later", async () => {
  const steps = stepped(["a", "b"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const quick = await daybook.submit("demo.stepped");
  const stopping = daybook.engine.stop(5_000);
  steps.open("a");
  await daybook.clock.settle();
  await stopping;
  await daybook.journal.close();
  assert.deepEqual(steps.ran, ["a"]);

  const restarted = await daybook.crash();
  steps.open("b");
  await restarted.clock.settle();

  assert.equal(restarted.job(quick).state, "Done");
  assert.deepEqual(steps.ran, ["a", "b"]);
});

Deno.test("stop: a caller that waits for a job gets the end that its last task brings", async () => {
  const steps = stepped(["a"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");
  const ended = daybook.engine.waitFor(id, isTerminal, 60_000);
  const stopping = daybook.engine.stop(5_000);
  daybook.journal.hold();
  steps.open("a");
  await daybook.clock.settle();
  daybook.journal.release();
  await stopping;
  assert.equal((await ended).state, "Done");
});

Deno.test("stop: it ends although the last result never becomes durable", async () => {
  const steps = stepped(["a"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");
  const ended = daybook.engine.waitFor(id, isTerminal, 60_000);
  const stopping = daybook.engine.stop(5_000);
  daybook.journal.hold();
  steps.open("a");
  await daybook.clock.settle();
  await daybook.clock.advance(10_000);
  await stopping;
  assert.equal((await ended).state, "Running");
});

Deno.test("stop: a task that outlives the drain is aborted, recorded and run again", async () => {
  const steps = stepped(["a"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");
  const stopping = daybook.engine.stop(5_000);
  await daybook.clock.advance(5_000);
  await daybook.clock.advance(10_000);
  await stopping;
  await daybook.journal.close();
  const interrupted = (await daybook.entries(id)).filter(({ eventType }) =>
    eventType === "job.TaskInterrupted"
  );
  assert.deepEqual(
    interrupted.map((
      { taskId, attributes },
    ) => [taskId, "reason" in attributes && attributes.reason]),
    [["a", "shutdown"], ["main", "shutdown"]],
  );

  const restarted = await daybook.crash();
  steps.open("a");
  await restarted.clock.settle();
  assert.equal(restarted.job(id).state, "Done");
});

Deno.test("stop: a task that is aborted keeps its time limit: a result after it does not count", async () => {
  const result = Promise.withResolvers<string>();
  const slow = looseJob(
    "demo.slow",
    (ctx) => ctx.task("a", () => result.promise, { timeoutMs: 5_000 }),
  );
  const daybook = await Harness.start({ definitions: [slow] });
  const id = await daybook.submit("demo.slow");
  await daybook.clock.advance(4_500);
  const stopping = daybook.engine.stop(0);
  await daybook.clock.advance(500);
  result.resolve("late");
  await daybook.clock.settle();
  await stopping;
  assert.deepEqual((await daybook.story(id)).slice(-2), [
    "TaskInterrupted:a",
    "TaskInterrupted:main",
  ]);
});

Deno.test("disk full: a running job waits for room and continues", async () => {
  const { JournalFullError } = await import("../../src/engine/ports.ts");
  const steps = stepped(["a", "b"]);
  const daybook = await Harness.start({ definitions: [steps.definition] });
  const id = await daybook.submit("demo.stepped");

  daybook.journal.failNext(new JournalFullError("no room"));
  steps.open("a");
  await daybook.clock.settle();
  assert.equal(daybook.job(id).tasks[1]?.status, "running");

  await daybook.clock.advance(1_000);
  steps.open("b");
  await daybook.clock.settle();

  assert.equal(daybook.output(id), "AB");
  assert.deepEqual(steps.ran, ["a", "b"]);
  daybook.assertSound();
});

Deno.test("restart: a task that failed for good while its job goes on is not attempted again", async () => {
  const attempts: number[] = [];
  const definition: AnyJobDefinition = looseJob("demo.absorbed", async (ctx) => {
    const failing = ({ attempt }: { attempt: number }) => {
      attempts.push(attempt);
      throw new RangeError("down");
    };
    const x = ctx.task("x", failing, { retry: { maxAttempts: 1 } });
    await ctx.expect("oops");
    await ctx.expect("go");
    return await x.catch((error) => `${error}`);
  }, {
    expects: () => ({
      oops: { eventType: "job.TaskFailed", correlation: { equals: { final: true } } },
      go: { eventType: "demo.Go" },
    }),
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.absorbed");
  assert.deepEqual([daybook.condition(id), attempts], ["waiting", [1]]);

  const restarted = await daybook.crash();
  await restarted.event("demo.Go", {}, { jobId: id });
  assert.deepEqual([attempts, restarted.job(id).state], [[1], "Done"]);
  assert.equal(restarted.output(id), "RangeError: down");
  restarted.assertSound();
});

Deno.test("restart: a job that compensates after a failure that it survived undoes what came after it", async () => {
  const undone: string[] = [];
  const fails = () => {
    throw new Error("down");
  };
  const once = { retry: { maxAttempts: 1 } };
  const definition: AnyJobDefinition = looseJob("demo.survived", async (ctx) => {
    await ctx.task("x", fails, once).catch(() => {});
    await ctx.task("a", () => 1, {
      compensate: async () => {
        if (undone.push("a") === 1) await new Promise(() => {});
      },
    });
    await ctx.task("b", fails, once);
  }, {
    expects: () => ({
      oops: { eventType: "job.TaskFailed", correlation: { equals: { final: true } } },
      go: { eventType: "demo.Go" },
    }),
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.survived");
  assert.deepEqual([daybook.job(id).state, undone], ["Compensating", ["a"]]);
  const restarted = await daybook.crash();
  assert.deepEqual([restarted.job(id).state, undone], ["Failed", ["a", "a"]]);
  restarted.assertSound();
});
