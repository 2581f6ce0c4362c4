import assert from "node:assert/strict";
import * as v from "valibot";
import {
  type AnyJobDefinition,
  defineJob,
  NonRetryableError,
  RefusedError,
} from "../../src/mod.ts";
import { days, eventFor, hours, minutes, seconds, testDaybook } from "../../src/testing/mod.ts";

/** What its steps did, in order. */
let calls: string[] = [];

const pay = defineJob({
  type: "order.pay",
  version: 1,
  input: v.strictObject({ orderId: v.string(), failures: v.optional(v.number(), 0) }),
  expects: ({ orderId }) => ({
    paid: {
      eventType: "bank.OrderPaid",
      correlation: { all: [{ equals: { orderId } }, { in: { "card.kind": ["visa", "amex"] } }] },
    },
  }),
  async run(ctx, { orderId, failures }) {
    const began = ctx.now();
    const invoice = await ctx.task("invoice", ({ attempt }) => {
      calls.push(`invoice ${attempt}`);
      if (attempt <= failures) throw new Error("the printer is busy");
      return `invoice-${orderId}`;
    });
    const sent = await ctx.task("send", (task) => {
      calls.push(`send ${task.attempt}`);
      task.emit("shop.InvoiceSent", { orderId });
      return { to: orderId };
    }, { compensate: ({ to }) => void calls.push(`recall ${to}`) });
    const [paid] = await ctx.expect("paid");
    return { invoice, sent, card: paid.attributes.card ?? null, tookMs: ctx.now() - began };
  },
});

const input = { orderId: "42" };

async function open(definitions: readonly AnyJobDefinition[] = [pay]) {
  calls = [];
  return await testDaybook(definitions);
}

Deno.test("testDaybook: a job runs to its end with the calls of openDaybook", async () => {
  await using daybook = await open();
  const job = await daybook.submit(pay, input, { jobId: "pay-42", labels: { shop: "north" } });
  assert.deepEqual(calls, ["invoice 1", "send 1"]);
  const receipt = await daybook.deliver(eventFor(pay, job, "paid", { card: { kind: "amex" } }));
  const { state, output, labels } = await daybook.wait(job);

  assert.equal(receipt.disposition, "matched");
  assert.equal(state, "Done", await daybook.explain("pay-42"));
  const invoice: string | undefined = output?.invoice;
  assert.equal(invoice, "invoice-42");
  assert.deepEqual(output?.card, { kind: "amex" });
  assert.deepEqual(labels, { shop: "north" });
  assert.deepEqual(calls, ["invoice 1", "send 1"]);
});

Deno.test("advance: retries become due by the manual clock, and ctx.now() follows it", async () => {
  await using daybook = await open();
  const job = await daybook.submit(pay, { ...input, failures: 2 });
  assert.deepEqual(calls, ["invoice 1"]);
  const began = daybook.now();
  await daybook.advance(seconds(1) + 100);
  assert.deepEqual(calls, ["invoice 1", "invoice 2"]);
  await daybook.advance(seconds(10));
  assert.deepEqual(calls, ["invoice 1", "invoice 2", "invoice 3", "send 1"]);
  await daybook.advance(days(2) - (daybook.now() - began));
  assert.equal(daybook.now(), began + days(2));
  await daybook.deliver(eventFor(pay, job, "paid", { card: { kind: "visa" } }));
  assert.equal((await daybook.wait(job)).output?.tookMs, days(2));
  assert.equal(hours(1), minutes(60));
  await assert.rejects(daybook.advance(-1), /Cannot advance by -1 ms/);
});

Deno.test("advance: time never goes back, even if calls overlap, and has no end", async () => {
  await using daybook = await open();
  const startMs = daybook.now();
  await Promise.all([daybook.advance(seconds(20)), daybook.advance(seconds(5))]);

  assert.equal(daybook.now() - startMs, seconds(20));
  for (const ms of [-1, NaN, Infinity]) await assert.rejects(daybook.advance(ms), RangeError);
});

Deno.test("wait: it moves the clock as far as needed, and no further than allowed", async () => {
  await using daybook = await open();
  const flaky = await daybook.submit(pay, { ...input, failures: 1 });
  const began = daybook.now();
  assert.equal((await daybook.wait(flaky)).condition, "backingOff");
  assert.equal(daybook.now(), began);
  assert.equal((await daybook.wait(flaky, { timeoutMs: 60_000 })).condition, "waiting");
  assert.equal(daybook.now(), began + 60_000);
  const job = await daybook.submit(refuse, {}).catch((error) => error);
  assert.ok(job instanceof RefusedError);
  await assert.rejects(daybook.wait("nobody"), RefusedError);
});

const refuse = defineJob({
  type: "order.refuse",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("reserve", () => "r", { compensate: () => void calls.push("release") });
    await ctx.task("charge", () => {
      throw new NonRetryableError("no such card");
    });
  },
});

Deno.test("untilIdle: it returns what each unfinished job waits for", async () => {
  await using daybook = await open([pay, refuse]);
  assert.deepEqual(await daybook.untilIdle(), []);
  await daybook.submit(refuse, {});
  await daybook.submit(pay, input, { jobId: "waits" });
  await daybook.submit(pay, { orderId: "7", failures: 1 }, { jobId: "backs-off" });
  const resting = await daybook.untilIdle();
  assert.deepEqual(resting.map(({ jobId, condition }) => [jobId, condition]), [
    ["waits", "waiting"],
    ["backs-off", "backingOff"],
  ]);
  assert.match(resting[0]?.why ?? "", /waiting for "paid" \(bank\.OrderPaid\), 0 of 1/);
  assert.ok(calls.includes("release"));
});

Deno.test("untilIdle: code that is blocked by the test is named, and time still passes", async () => {
  const gate = Promise.withResolvers<string>();
  const held = defineJob({
    type: "order.held",
    version: 1,
    input: v.object({}),
    run: (ctx) => ctx.task("ask", () => gate.promise, { timeoutMs: 30_000 }),
  });
  await using daybook = await testDaybook([held]);
  const job = await daybook.submit(held, {});
  const [resting] = await daybook.untilIdle();
  assert.equal(resting?.condition, "executing");
  assert.match(resting?.why ?? "", /ask/);
  await daybook.advance(seconds(30));
  assert.match(await daybook.explain(job.jobId), /TimeoutError/);
  gate.resolve("late");
  await daybook.advance(seconds(2));
  assert.equal((await daybook.wait(job)).output, "late");
});

Deno.test("wait: it waits for a step that awaits something real", async () => {
  const slow = defineJob({
    type: "order.slow",
    version: 1,
    input: v.object({}),
    run: (ctx) =>
      ctx.task("ask", async () => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        return "asked";
      }),
  });
  await using daybook = await testDaybook([slow]);
  assert.equal((await daybook.wait(await daybook.submit(slow, {}))).output, "asked");
});

Deno.test("events: it returns the entries of a job or of the journal", async () => {
  await using daybook = await open();
  const job = await daybook.submit(pay, input);
  const own = await daybook.events(job);
  assert.deepEqual(own.map(({ eventType, taskId = "" }) => `${eventType} ${taskId}`.trim()), [
    ...["job.JobCreated", "job.JobStarted", "job.TaskStarted main", "job.TaskStarted invoice"],
    ...["job.TaskCompleted invoice", "job.TaskStarted send", "job.TaskCompleted send"],
    "job.TaskWaiting main",
  ]);
  const sent = (await daybook.events()).find(({ stratum }) => stratum === "domain");
  assert.deepEqual([sent?.eventType, sent?.attributes], ["shop.InvoiceSent", input]);
  assert.equal(sent?.receivedAt, "2026-01-01T00:00:00.000Z");
});

Deno.test("events: a test may change what it got; the journal does not change", async () => {
  await using daybook = await open();
  const job = await daybook.submit(pay, input);
  const recorded = JSON.stringify(await daybook.events(job));
  for (const { attributes } of await daybook.events(job)) Reflect.set(attributes, "input", 0);

  assert.equal(JSON.stringify(await daybook.events(job)), recorded);
});

Deno.test("eventFor: it has the values of the plan, and contradicting attributes are refused", async () => {
  await using daybook = await open();
  const job = await daybook.submit(pay, input);
  assert.deepEqual(eventFor(pay, job, "paid", { card: { kind: "amex" }, amount: 1 }), {
    eventType: "bank.OrderPaid",
    attributes: { orderId: "42", card: { kind: "amex" }, amount: 1 },
  });
  assert.deepEqual(eventFor(pay, job, "paid").attributes, {
    orderId: "42",
    card: { kind: "visa" },
  });
  assert.throws(() => eventFor(pay, job, "paid", { orderId: 42 }), /the plan of job .*"42"/);
  // @ts-expect-error The compiler knows the names of its expectations.
  assert.throws(() => eventFor(pay, job, "shipped"), /expects main, paid/);
});

Deno.test("fetch: it answers the routes of Daybook", async () => {
  await using daybook = await open();
  const { jobId } = await daybook.submit(pay, input);
  const response = await daybook.fetch(new Request(`http://localhost/jobs/${jobId}`));
  assert.equal((await response.json()).condition, "waiting");
});

Deno.test("testDaybook: the clock starts at the given time, and an input is removed on time", async () => {
  const secret = defineJob({
    type: "card.check",
    version: 1,
    input: v.object({ card: v.string() }),
    secrets: ["card"],
    retention: { afterMs: days(30) },
    run: (ctx, { card }) => ctx.task("check", () => card.length),
  });
  await using daybook = await testDaybook([secret], { startsAt: "2030-02-01T12:00:00Z" });
  const job = await daybook.submit(secret, { card: "4111-1111" });
  assert.equal(job.createdAt, "2030-02-01T12:00:00.000Z");
  assert.equal((await daybook.wait(job)).output, 9);
  const removed = async () =>
    (await daybook.events(job)).some(({ eventType }) => eventType === "job.InputRemoved");
  await daybook.advance(days(29));
  assert.equal(await removed(), false);
  await daybook.advance(days(1));
  assert.equal(await removed(), true);
  await assert.rejects(testDaybook([], { startsAt: "noon" }), /Cannot start at noon/);
});

Deno.test("testDaybook: pauses, changed limits and ended waits survive a crash", async () => {
  const remind = defineJob({
    type: "invoice.remind",
    version: 1,
    input: v.object({}),
    limits: { maxRunning: 1 },
    expects: () => ({ paid: { eventType: "shop.Paid" } }),
    async run(ctx) {
      const paid = await ctx.expect("paid", { withinMs: days(3) });
      return paid === undefined ? await ctx.task("remind", () => "reminded") : "paid";
    },
  });
  await using daybook = await testDaybook([remind]);
  const job = await daybook.submit(remind, {});
  const { pauseId } = await daybook.pause({ type: "invoice.remind", reason: "the printer is out" });
  await daybook.changeLimits("invoice.remind", { maxRunning: 2, reason: "a second printer" });
  await daybook.control(job.jobId, "wake");
  await daybook.crash();
  const [resting] = await daybook.untilIdle();
  assert.equal(resting?.condition, "queued");
  assert.equal(daybook.pauses()[0]?.jobs, 1);
  assert.equal(daybook.limits()[0]?.limits.maxRunning, 2);
  await daybook.endPause(pauseId);
  assert.equal((await daybook.wait(job)).output, "reminded");
});
