import assert from "node:assert/strict";
import * as v from "valibot";
import { taskId } from "../../src/core/ids.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { incoming } from "../support/engine/incoming.ts";

/** A job of two tasks; the test ends the first one. */
function gated() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const state = { signalAborted: false, ran: [] as string[] };
  const definition = looseJob("demo.gated", async (ctx) => {
    await ctx.task("first", (task) => {
      state.ran.push("first");
      task.signal.addEventListener("abort", () => state.signalAborted = true);
      return promise;
    });
    await ctx.task("second", () => void state.ran.push("second"));
  });
  return { definition, state, open: resolve };
}

Deno.test("suspend: no new attempt starts; running ones end and are recorded", async () => {
  const { definition, state, open } = gated();
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.gated");

  await daybook.control(id, "suspend");
  assert.equal(daybook.condition(id), "suspended");
  open();
  await daybook.clock.settle();
  assert.deepEqual(state.ran, ["first"]);
  assert.equal(daybook.job(id).tasks[1]?.status, "completed");
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.control(id, "resume");
  assert.deepEqual(state.ran, ["first", "second"]);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("suspend: a queued job leaves the queue, and returns to its place", async () => {
  const { definition, state, open } = gated();
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  await daybook.submit("demo.gated");
  const id = await daybook.submit("demo.gated");
  const behind = await daybook.submit("demo.gated");
  const summary = async () =>
    (await (await daybook.engine.explanations()).explainer.explain(behind))?.because[0]
      ?.statement ?? "";
  const queued = () => daybook.engine.activity.queued;
  assert.equal(queued(), 2);
  const before = await summary();
  await daybook.control(id, "suspend");
  assert.equal(queued(), 1);
  assert.notEqual(await summary(), before);
  await daybook.control(id, "resume");
  assert.equal(queued(), 2);
  assert.equal(await summary(), before);
  open();
  await daybook.clock.settle();
  assert.equal(daybook.job(behind).state, "Done");
  assert.equal(state.ran.length, 6);
  daybook.assertSound();
});

Deno.test("suspend: a queued job does not start until it is resumed", async () => {
  const { definition, state, open } = gated();
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const blocker = await daybook.submit("demo.gated");
  const id = await daybook.submit("demo.gated");
  await daybook.control(id, "suspend");

  open();
  await daybook.clock.settle();
  assert.equal(daybook.job(blocker).state, "Done");
  assert.deepEqual(state.ran, ["first", "second"]);

  await daybook.control(id, "resume");
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("cancel: it aborts the signal, fails the job as cancelled, and runs nothing more", async () => {
  const { definition, state, open } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.gated");

  const cancelled = await daybook.control(id, "cancel");
  open();
  await daybook.clock.settle();

  assert.equal(cancelled.state, "Failed");
  assert.equal(state.signalAborted, true);
  assert.equal(daybook.condition(id), "cancelled");
  assert.deepEqual(state.ran, ["first"]);
  assert.equal(daybook.engine.activity.busyWorkers, 0);
});

Deno.test("cancel: a task that ignores its signal is given up after a grace period", async () => {
  const { definition } = gated();
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.gated");

  await daybook.control(id, "cancel");
  assert.equal(daybook.engine.activity.busyWorkers, 1);
  await daybook.clock.advance(10_000);

  assert.equal(daybook.engine.activity.busyWorkers, 0);
  assert.equal((await daybook.story(id)).at(-1), "TaskInterrupted:first");
});

Deno.test("cancel: a job that has not started runs none of its code", async () => {
  const { definition, state } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const { jobId } = await daybook.create({ type: "demo.gated", input: {}, start: false });

  await daybook.control(jobId, "cancel");

  assert.equal(daybook.condition(jobId), "cancelled");
  assert.deepEqual(state.ran, []);
});

Deno.test("control: two cancels at once are decided one after the other", async () => {
  const { definition } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.gated");

  const outcomes = await Promise.all([
    daybook.engine.control(id, { kind: "cancel" }),
    daybook.engine.control(id, { kind: "cancel" }),
  ]);

  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, false]);
  const story = await daybook.story(id);
  assert.equal(story.filter((name) => name === "JobCancelled").length, 1);
});

Deno.test("start: a job created without a start starts on command", async () => {
  const { definition, open } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const { jobId } = await daybook.create({ type: "demo.gated", input: {}, start: false });
  assert.equal(daybook.condition(jobId), "created");

  await daybook.control(jobId, "start");
  open();
  await daybook.clock.settle();

  assert.equal(daybook.job(jobId).state, "Done");
});

Deno.test("startAt: the job starts automatically at its time, even across a restart", async () => {
  const { definition, open } = gated();
  open();
  const daybook = await Harness.start({ definitions: [definition] });
  const startAt = new Date(daybook.clock.now() + 60_000).toISOString();
  const { jobId } = await daybook.create({ type: "demo.gated", input: {}, startAt });
  assert.equal(daybook.condition(jobId), "scheduled");

  const restarted = await daybook.crash();
  await restarted.clock.advance(59_999);
  assert.equal(restarted.condition(jobId), "scheduled");
  await restarted.clock.advance(1);
  assert.equal(restarted.job(jobId).state, "Done");
});

Deno.test("startAt: a job whose time passed while no process ran starts at once after a restart", async () => {
  const { definition, open } = gated();
  open();
  const daybook = await Harness.start({ definitions: [definition] });
  const startAt = new Date(daybook.clock.now() + 60_000).toISOString();
  const { jobId } = await daybook.create({ type: "demo.gated", input: {}, startAt });

  daybook.journal.hold();
  await daybook.clock.advance(120_000);
  const restarted = await daybook.crash();
  await restarted.clock.advance(0);

  assert.equal(restarted.job(jobId).state, "Done");
});

Deno.test("retry: it makes a new job that reuses results, and leaves the old one unchanged", async () => {
  const ran: string[] = [];
  let broken = true;
  const steps = looseJob("demo.steps", async (ctx) => {
    const a = await ctx.task("a", () => (ran.push("a"), "A"));
    const b = await ctx.task("b", () => (ran.push("b"), "B"));
    return await ctx.task("c", () => {
      ran.push("c");
      if (broken) throw new NonRetryableError("broken");
      return a + b;
    });
  });
  const daybook = await Harness.start({ definitions: [steps] });
  const id = await daybook.submit("demo.steps");
  const before = JSON.stringify(daybook.job(id).tasks);
  broken = false;

  const retried = await daybook.engine.retry(id, {});
  await daybook.clock.settle();
  assert.ok(retried.ok);
  const again = await daybook.engine.retry(id, { from: taskId("b") });
  await daybook.clock.settle();
  assert.ok(again.ok);

  assert.deepEqual(ran, ["a", "b", "c", "c", "b", "c"]);
  const [main] = daybook.job(retried.value.jobId).tasks.filter(({ taskId }) => taskId === "main");
  assert.equal(main?.status === "completed" && main.result, "AB");
  assert.equal(daybook.job(retried.value.jobId).retryOf, id);
  assert.equal(daybook.job(id).state, "Failed");
  assert.equal(JSON.stringify(daybook.job(id).tasks), before);
  daybook.assertSound();
});

Deno.test("retry: a task that was undone runs again before the results that are reused", async () => {
  const ran: string[] = [];
  let broken = true;
  const steps = looseJob("demo.undone", async (ctx) => {
    await ctx.task("reserve", () => void ran.push("reserve"), { compensate: () => {} });
    const label = await ctx.task("label", () => (ran.push("label"), "L"));
    return await ctx.task("charge", () => {
      if (broken) throw new NonRetryableError("refused");
      return label;
    });
  });
  const daybook = await Harness.start({ definitions: [steps] });
  const id = await daybook.submit("demo.undone");
  broken = false;

  const retried = await daybook.engine.retry(id, {});
  await daybook.clock.advance(5_000);

  assert.ok(retried.ok);
  assert.equal(daybook.job(retried.value.jobId).state, "Done");
  assert.deepEqual(ran, ["reserve", "label", "reserve"]);
});

Deno.test("retry: events that counted for the old job count for the new one", async () => {
  let broken = true;
  const order = looseJob("demo.shipped", async (ctx) => {
    const [event] = await ctx.expect("shipped");
    await ctx.task("file", () => {
      if (broken) throw new NonRetryableError("no paper");
    });
    return event.attributes["tracking"];
  }, { expects: () => ({ shipped: { eventType: "ec.Shipped" } }) });
  const daybook = await Harness.start({ definitions: [order] });
  const id = await daybook.submit("demo.shipped");
  await daybook.event("ec.Shipped", { tracking: "T-9" });
  assert.equal(daybook.job(id).state, "Failed");
  broken = false;

  const retried = await daybook.engine.retry(id, {});
  await daybook.clock.settle();

  assert.ok(retried.ok);
  const job = daybook.job(retried.value.jobId);
  assert.equal(job.state, "Done");
  const main = job.tasks.find(({ taskId }) => taskId === "main");
  assert.equal(main?.status === "completed" && main.result, "T-9");
});

Deno.test("retry: a job whose facts do not fit into one batch is not retried, and the refusal says why", async () => {
  const pages = expectation("pages", "ec.Page", { multiplicity: { times: 100 } });
  const daybook = await Harness.start();
  const { jobId: id } = await daybook.create({
    plan: plan([pages], { errors: [matcher("ec.Broken")] }),
  });
  const text = "x".repeat(1_000_000);
  for (let page = 0; page < 70; page++) await daybook.event("ec.Page", { text }, { jobId: id });
  await daybook.event("ec.Broken", {}, { jobId: id });
  assert.equal(daybook.job(id).state, "Failed");
  const retried = await daybook.engine.retry(id, {});
  assert.ok(!retried.ok && retried.problem.kind === "rejected");
  assert.equal(
    retried.problem.rejection.message,
    `Cannot retry job ${id}: what it would reuse, results and events, takes more than 64 MiB, the ` +
      "most that is recorded at once",
  );
});

Deno.test("create: the same idempotency key gives the first answer, even after a restart", async () => {
  const { definition, open } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const request = {
    type: "demo.gated",
    input: {},
    idempotency: { key: "k1", digest: "d1" },
  } as const;

  const [one, two] = await Promise.all([
    daybook.engine.create(request),
    daybook.engine.create(request),
  ]);
  open();
  await daybook.clock.settle();
  const restarted = await daybook.crash();
  const three = await restarted.engine.create(request);
  const other = await restarted.engine.create({
    ...request,
    idempotency: { key: "k1", digest: "d2" },
  });

  assert.ok(one?.ok && two?.ok && three.ok);
  assert.deepEqual([one.value.replayed, two.value.replayed, three.value.replayed], [
    false,
    true,
    true,
  ]);
  assert.deepEqual(two.value.job, one.value.job);
  assert.deepEqual(three.value.job, one.value.job);
  assert.ok(!other.ok && other.problem.kind === "keyReused");
  assert.equal(restarted.engine.lists.page({ limit: 10 }).jobs.length, 1);
});

Deno.test("create: an id requested twice at once, with different keys, is created once", async () => {
  const { definition } = gated();
  const daybook = await Harness.start({ definitions: [definition] });
  const request = { type: "demo.gated", input: {}, jobId: "my-job" as never };
  const outcomes = await Promise.all([
    daybook.engine.create({ ...request, idempotency: { key: "k1", digest: "d" } }),
    daybook.engine.create({ ...request, idempotency: { key: "k2", digest: "d" } }),
    daybook.engine.create(request),
  ]);

  assert.deepEqual(outcomes.map(({ ok }) => ok).toSorted(), [false, false, true]);
  const story = await daybook.story("my-job" as never);
  assert.equal(story.filter((name) => name === "JobCreated").length, 1);
});

Deno.test("create: unknown types, invalid inputs and ids in use are distinguished", async () => {
  const typed = defineJob({
    type: "demo.typed",
    version: 1,
    input: v.strictObject({ lines: v.array(v.object({ amount: v.number() })) }),
    run: () => Promise.resolve(1),
  });
  const daybook = await Harness.start({ definitions: [typed] });
  const kind = async (request: Parameters<typeof daybook.engine.create>[0]) => {
    const outcome = await daybook.engine.create(request);
    return outcome.ok ? "created" : outcome.problem;
  };

  assert.deepEqual(await kind({ type: "demo.unknown" }), {
    kind: "unknownType",
    type: "demo.unknown",
    known: ["demo.typed"],
  });
  assert.deepEqual(
    await kind({ type: "demo.typed", input: { lines: [{ amount: 1 }, { amount: "2" }] } }),
    {
      kind: "invalidInput",
      issues: [{
        pointer: "/lines/1/amount",
        detail: "must be a number",
      }],
    },
  );
  const jobId = "my-job" as never;
  assert.equal(await kind({ type: "demo.typed", input: { lines: [] }, jobId }), "created");
  assert.deepEqual(await kind({ type: "demo.typed", input: { lines: [] }, jobId }), {
    kind: "jobExists",
    jobId: "my-job",
  });
});

Deno.test("cancel: if an error event was recorded first, it is refused as for a compensating job", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({
    plan: plan([expectation("paid", "ec.Paid")], {
      errors: [matcher("ec.Refused")],
      compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.NotUndone") },
    }),
  });
  // Decided while the event is being written.
  daybook.journal.hold();
  const delivered = daybook.engine.deliver([
    incoming("ec.Refused", {}, { jobId }),
  ]);
  await daybook.clock.settle();
  const cancelled = daybook.engine.control(jobId, { kind: "cancel" });
  await daybook.clock.settle();
  daybook.journal.release();
  await delivered;

  assert.deepEqual(await cancelled, {
    ok: false,
    problem: {
      kind: "rejected",
      rejection: {
        message: `Cannot cancel job ${jobId}: state is Compensating`,
        allowedIn: ["Created", "Running"],
      },
    },
  });
});

for (const how of ["suspended", "compensating"] as const) {
  Deno.test(`controls: a job that waits for a worker names the ${how} job that has it`, async () => {
    const hangs = () => new Promise<void>(() => {});
    const work = looseJob("work", async (ctx) => {
      await ctx.task("one", how === "suspended" ? hangs : () => {}, { compensate: hangs });
      throw new Error("fails");
    });
    const daybook = await Harness.start({ definitions: [work], maxRunning: 1 });
    const holder = await daybook.submit("work");
    if (how === "suspended") await daybook.control(holder, "suspend");
    const waiting = await daybook.submit("work");
    assert.equal(daybook.condition(holder), how);
    const told = await (await daybook.engine.explanations()).explainer.explain(waiting) ??
      assert.fail();
    const what = how === "suspended" ? "task one" : "the compensation of task one";
    assert.ok(told.summary.includes(`1 of 1 worker busy: ${holder} in ${what} since`));
    const cancelled = told.next.filter(({ statement }) => statement.includes(holder));
    assert.equal(cancelled.length, how === "suspended" ? 1 : 0);
  });
}

Deno.test("cancel: the attempts of a job with hundreds are interrupted a few at a time, with turns of others in between", async () => {
  const abortedIn = new Map<number, number>();
  const definition = looseJob("demo.wide", async (ctx) => {
    await Promise.all(
      Array.from(
        { length: 300 },
        (_, n) =>
          ctx.task(`task-${n}`, (task) =>
            new Promise((_, reject) => {
              task.signal.addEventListener("abort", () => {
                const { turns } = daybook.clock;
                abortedIn.set(turns, (abortedIn.get(turns) ?? 0) + 1);
                reject(task.signal.reason);
              });
            })),
      ),
    );
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.wide");
  await daybook.clock.settle();

  await daybook.control(id, "cancel");
  assert.equal(daybook.condition(id), "cancelled");
  const counts = [...abortedIn.values()];
  assert.equal(counts.reduce((sum, count) => sum + count), 300);
  assert.ok(Math.max(...counts) <= 100, `${counts}`);
  daybook.assertSound();
});

Deno.test("cancel: a second one says that the job was cancelled already", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  await daybook.control(jobId, "cancel");
  const again = await daybook.engine.control(jobId, { kind: "cancel" });
  assert.ok(!again.ok && again.problem.kind === "rejected");
  assert.equal(
    again.problem.rejection.message,
    `Cannot cancel job ${jobId}: it was cancelled already`,
  );
});
