import assert from "node:assert/strict";
import { NonRetryableError, RetryLater } from "../../src/engine/job_errors.ts";
import type { TaskOptions } from "../../src/engine/job_context.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";

const once = { maxAttempts: 1 };

/** Three tasks that can be undone, then one that ends the job as the test says. */
function fulfilment(options: {
  readonly log: string[];
  readonly undo?: (name: string, attempt: number) => void;
  readonly last?: () => unknown;
  readonly onCompensated?: "Done" | "Failed";
}) {
  const undoable = (name: string): TaskOptions<string> => ({
    retry: { maxAttempts: 2, initialMs: 1_000, jitter: 0 },
    compensate: (result, task) => {
      options.log.push(`undo ${result}`);
      options.undo?.(name, task.attempt);
    },
  });
  return looseJob("demo.fulfil", async (ctx) => {
    await ctx.task("reserve", () => "R", undoable("reserve"));
    await ctx.task("note", () => "N");
    await ctx.task("charge", () => "C", undoable("charge"));
    await ctx.task("last", () => options.last?.(), { retry: once });
    await ctx.expect("shipped");
  }, {
    ...(options.onCompensated === undefined ? {} : { onCompensated: options.onCompensated }),
    expects: () => ({ shipped: { eventType: "ec.Shipped" } }),
    errors: () => [{ eventType: "ec.Lost" }],
  });
}

const refuse = () => {
  throw new NonRetryableError("refused");
};

Deno.test("compensation: it undoes completed tasks in reverse order of completion", async () => {
  const log: string[] = [];
  const daybook = await Harness.start({ definitions: [fulfilment({ log, last: refuse })] });
  const id = await daybook.submit("demo.fulfil");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.deepEqual(log, ["undo C", "undo R"]);
  assert.deepEqual([job.failure.kind, job.failure.taskId], ["poison", "last"]);
  assert.equal(job.failure.recoveryRequired, false);
  assert.deepEqual((await daybook.story(id)).slice(-6), [
    "TaskFailed:last",
    "CompensationStarted:charge",
    "TaskCompensated:charge",
    "CompensationStarted:reserve",
    "TaskCompensated:reserve",
    "CompensationEnded",
  ]);
  assert.equal(daybook.engine.activity.busyWorkers, 0);
  daybook.assertSound();
});

Deno.test("compensation: a job with none to undo goes straight to Failed", async () => {
  const plain = looseJob("demo.plain", async (ctx) => {
    await ctx.task("note", () => "N");
    await ctx.task("last", refuse, { retry: once });
  });
  const daybook = await Harness.start({ definitions: [plain] });
  const id = await daybook.submit("demo.plain");

  assert.equal(daybook.job(id).state, "Failed");
  assert.equal((await daybook.story(id)).at(-1), "TaskFailed:last");
});

Deno.test("compensation: a failed attempt is retried after its backoff", async () => {
  const log: string[] = [];
  const undo = (name: string, attempt: number) => {
    if (name === "charge" && attempt === 1) throw new Error("bank is closed");
  };
  const daybook = await Harness.start({
    definitions: [fulfilment({ log, last: refuse, undo })],
    maxRunning: 1,
  });
  const id = await daybook.submit("demo.fulfil");
  assert.equal(daybook.job(id).state, "Compensating");
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.clock.advance(1_000);

  assert.deepEqual(log, ["undo C", "undo C", "undo R"]);
  const job = daybook.job(id);
  assert.ok(job.state === "Failed" && !job.failure.recoveryRequired);
});

Deno.test("compensation: a final failure requires recovery, and the others continue", async () => {
  const log: string[] = [];
  const undo = (name: string) => {
    if (name === "charge") throw new NonRetryableError("bank is gone");
  };
  const daybook = await Harness.start({
    definitions: [fulfilment({ log, last: refuse, undo })],
  });
  const id = await daybook.submit("demo.fulfil");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.deepEqual(log, ["undo C", "undo R"]);
  assert.equal(job.failure.recoveryRequired, true);
  assert.equal(job.failure.error.message, "refused");
  assert.deepEqual((await daybook.story(id)).slice(-2), ["RecoveryRequired", "CompensationEnded"]);
});

Deno.test("compensation: the policy may accept the job as Done when all is undone", async () => {
  const log: string[] = [];
  const daybook = await Harness.start({
    definitions: [fulfilment({ log, last: refuse, onCompensated: "Done" })],
  });
  const id = await daybook.submit("demo.fulfil");

  const job = daybook.job(id);
  assert.ok(job.state === "Done");
  assert.equal(job.failure?.error.message, "refused");
});

Deno.test("compensation: cancelling a waiting job undoes what it did", async () => {
  const log: string[] = [];
  const daybook = await Harness.start({ definitions: [fulfilment({ log })] });
  const id = await daybook.submit("demo.fulfil");
  assert.equal(daybook.condition(id), "waiting");

  await daybook.control(id, "cancel");

  assert.deepEqual(log, ["undo C", "undo R"]);
  assert.equal(daybook.condition(id), "cancelled");
});

Deno.test("compensation: an error event of the policy undoes what the job did", async () => {
  const log: string[] = [];
  const daybook = await Harness.start({ definitions: [fulfilment({ log })] });
  const id = await daybook.submit("demo.fulfil");

  await daybook.event("ec.Lost");

  assert.deepEqual(log, ["undo C", "undo R"]);
  const job = daybook.job(id);
  assert.ok(job.state === "Failed" && job.failure.error.name === "ec.Lost");
});

Deno.test("compensation: a task that ends after the failure is undone too", async () => {
  const log: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const racing = looseJob("demo.racing", async (ctx) => {
    await Promise.all([
      ctx.task("slow", () => gate.then(() => "S"), {
        compensate: (result) => void log.push(`undo ${result}`),
      }),
      ctx.task("fails", refuse, { retry: once }),
    ]);
  });
  const daybook = await Harness.start({ definitions: [racing] });
  const id = await daybook.submit("demo.racing");
  assert.equal(daybook.job(id).state, "Compensating");
  assert.deepEqual(log, []);

  open();
  await daybook.clock.settle();

  assert.deepEqual(log, ["undo S"]);
  assert.equal(daybook.job(id).state, "Failed");
});

Deno.test("compensation: it continues after a crash, without undoing a task twice", async () => {
  const log: string[] = [];
  const gates: (() => void)[] = [];
  const definition = looseJob("demo.fulfil", async (ctx) => {
    const compensate = (result: string) => {
      log.push(`undo ${result}`);
      return result === "R" ? new Promise<void>((resolve) => gates.push(resolve)) : undefined;
    };
    await ctx.task("reserve", () => "R", { compensate });
    await ctx.task("charge", () => "C", { compensate });
    await ctx.task("last", refuse, { retry: once });
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.fulfil");
  assert.deepEqual(log, ["undo C", "undo R"]);

  const restarted = await daybook.crash();
  gates.at(-1)?.();
  await restarted.clock.settle();

  assert.deepEqual(log, ["undo C", "undo R", "undo R"]);
  assert.equal(restarted.job(id).state, "Failed");
  assert.ok((await restarted.story(id)).includes("TaskInterrupted:reserve"));
  restarted.assertSound();
});

Deno.test("compensation: after a restart it does not wait for the backoff of a failed task", async () => {
  const hanging = Promise.withResolvers<void>();
  const undone: number[] = [];
  const halves = looseJob("demo.halves", async (ctx) => {
    const compensate = async (_result: unknown, task: { readonly attempt: number }) => {
      if (task.attempt === 1) await hanging.promise;
      undone.push(task.attempt);
    };
    const busy = () => {
      throw new RetryLater(3_600_000);
    };
    await Promise.all([ctx.task("reserve", () => "R", { compensate }), ctx.task("call", busy)]);
  });
  const daybook = await Harness.start({ definitions: [halves] });
  const id = await daybook.submit("demo.halves");
  assert.equal(daybook.condition(id), "backingOff");
  await daybook.engine.control(id, { kind: "cancel" });
  await daybook.clock.settle();

  const restarted = await daybook.crash();
  await restarted.clock.advance(10_000);

  assert.deepEqual(undone, [2]);
  assert.equal(restarted.job(id).state, "Failed");
});

Deno.test("compensation: a suspended job undoes nothing until it is resumed", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const definition = fulfilment({ log, last: () => gate.promise.then(refuse) });
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.fulfil");
  await daybook.control(id, "suspend");
  gate.resolve();
  await daybook.clock.settle();
  assert.equal(daybook.job(id).state, "Compensating");
  assert.deepEqual(log, []);
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.control(id, "resume");

  assert.deepEqual(log, ["undo C", "undo R"]);
  assert.equal(daybook.job(id).state, "Failed");
});

Deno.test("compensation: one that hangs is ended by a cancellation that leaves the rest in place, and frees its worker", async () => {
  const log: string[] = [];
  const hangs = (_: unknown, task: { signal: AbortSignal }) => {
    log.push("undo R hangs");
    return new Promise<void>((_, reject) =>
      task.signal.addEventListener("abort", () => reject(task.signal.reason))
    );
  };
  const definition = looseJob("demo.hang", async (ctx) => {
    await ctx.task("reserve", () => "R", { compensate: hangs });
    await ctx.task("charge", () => "C", { compensate: () => void log.push("undo C") });
    await ctx.task("last", refuse, { retry: once });
  });
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.hang");
  await daybook.clock.advance(3_600_000);
  assert.equal(daybook.job(id).state, "Compensating");
  assert.equal(daybook.engine.activity.busyWorkers, 1);

  const outcome = await daybook.engine.control(id, { kind: "cancel", leave: true });
  assert.ok(outcome.ok && outcome.value.state === "Failed");
  await daybook.clock.settle();

  assert.equal(daybook.engine.activity.busyWorkers, 0);
  assert.deepEqual(log, ["undo C", "undo R hangs"]);
  const { failure } = daybook.job(id) as { failure?: { kind: string; leave?: boolean } };
  assert.deepEqual([failure?.kind, failure?.leave], ["poison", true]);
  const entries = await daybook.entries(id);
  const left = entries.find(({ eventType }) => eventType === "job.JobCancelled");
  assert.deepEqual(left?.attributes, { leftInPlace: ["reserve"] });
  assert.deepEqual(entries.at(-1)?.attributes, {
    attempt: 1,
    phase: "compensation",
    reason: "cancelled",
  });
  daybook.assertSound();
  const restarted = await daybook.crash();
  assert.equal(restarted.job(id).state, "Failed");
});

Deno.test("compensation: a plan driven from outside ends it by the policy's events", async () => {
  const undoable = plan([expectation("paid", "ec.Paid")], {
    errors: [matcher("ec.Refused")],
    compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.NotUndone") },
    onCompensated: "Done",
  });
  const daybook = await Harness.start();
  const good = await daybook.create({ plan: undoable });
  const bad = await daybook.create({ plan: undoable });
  await daybook.event("ec.Refused");
  assert.equal(daybook.job(good.jobId).state, "Compensating");

  await daybook.event("ec.Undone", {}, { jobId: good.jobId });
  const receipt = await daybook.event("ec.NotUndone");

  assert.equal(daybook.job(good.jobId).state, "Done");
  const failed = daybook.job(bad.jobId);
  assert.ok(failed.state === "Failed" && failed.failure.recoveryRequired);
  assert.equal(receipt.jobs[0]?.reason, "ended the compensation");
});
