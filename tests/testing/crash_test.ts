import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { eventFor, seconds, testDaybook } from "../../src/testing/mod.ts";

function fulfilling() {
  const calls: string[] = [];
  const fulfil = defineJob({
    type: "order.fulfil",
    version: 1,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => ({
      shipped: { eventType: "ec.Shipped", correlation: { equals: { orderId } } },
    }),
    async run(ctx) {
      const step = (name: string) =>
        ctx.task(name, ({ attempt }) => {
          calls.push(`${name} ${attempt}`);
          return `${name}-1`;
        });
      const [reservation, label] = await Promise.all([step("reserve"), step("label")]);
      const payment = await step("charge");
      await ctx.expect("shipped");
      return { reservation, label, payment, thanked: await step("thank") };
    },
  });
  return { calls, fulfil };
}

const DONE = {
  reservation: "reserve-1",
  label: "label-1",
  payment: "charge-1",
  thanked: "thank-1",
};

Deno.test("crashAfter: the step does not run again, and the following ones do", async () => {
  const { calls, fulfil } = fulfilling();
  await using daybook = await testDaybook([fulfil]);
  daybook.crashAfter("charge");
  const job = await daybook.submit(fulfil, { orderId: "42" });
  const types = (await daybook.events()).map(({ eventType }) => eventType);
  assert.ok(types.includes("journal.Recovered"));
  await daybook.deliver(eventFor(fulfil, job, "shipped"));
  assert.deepEqual((await daybook.wait(job)).output, DONE);
  assert.deepEqual(calls.toSorted(), ["charge 1", "label 1", "reserve 1", "thank 1"]);
});

Deno.test("crashAfter: after a crash at each of its steps in turn a job ends the same", async () => {
  for (const step of ["reserve", "label", "charge", "thank"]) {
    const { fulfil } = fulfilling();
    await using daybook = await testDaybook([fulfil]);
    daybook.crashAfter(step);
    const job = await daybook.submit(fulfil, { orderId: "42" });
    await daybook.deliver(eventFor(fulfil, job, "shipped"));
    assert.deepEqual((await daybook.wait(job)).output, DONE, step);
  }
});

Deno.test("crashAfter: it works repeatedly, with delays and secrets", async () => {
  const delays = defineJob({
    type: "card.charge",
    version: 1,
    input: v.object({ card: v.string() }),
    secrets: ["card"],
    async run(ctx, { card }) {
      await ctx.task("first", () => 1);
      await ctx.task("second", ({ attempt }) => {
        if (attempt === 1) throw new Error("busy");
        return 2;
      });
      return await ctx.task("third", () => card.slice(-4));
    },
  });
  await using daybook = await testDaybook([delays]);
  daybook.crashAfter("first");
  daybook.crashAfter("second");
  const job = await daybook.submit(delays, { card: "4111-1111-1234" });
  await daybook.advance(seconds(2));
  const recoveries = (await daybook.events())
    .filter(({ eventType }) => eventType === "journal.Recovered");
  assert.equal(recoveries.length, 2);
  assert.equal((await daybook.wait(job)).output, "1234");
});

Deno.test("crash: it happens at once, and interrupted steps run again", async () => {
  const gate = Promise.withResolvers<string>();
  const attempts: number[] = [];
  const ask = defineJob({
    type: "order.ask",
    version: 1,
    input: v.object({}),
    run: (ctx) =>
      ctx.task("ask", ({ attempt }) => {
        attempts.push(attempt);
        return attempt === 1 ? gate.promise : "answered";
      }),
  });
  await using daybook = await testDaybook([ask]);
  const job = await daybook.submit(ask, {});
  await daybook.crash();
  assert.equal((await daybook.wait(job)).output, "answered");
  gate.resolve("too late");
  await daybook.submit(ask, {});
  assert.equal(daybook.job(job.jobId)?.output, "answered");
  assert.deepEqual(attempts, [1, 2, 1]);
  assert.match(await daybook.explain(job.jobId), /crash|process ended|cut short/);
});

Deno.test("crashAfter: a crash that has not happened is reported when all jobs or the test have ended", async () => {
  const { fulfil } = fulfilling();
  const daybook = await testDaybook([fulfil]);
  daybook.crashAfter("chrage");
  const job = await daybook.submit(fulfil, { orderId: "42" });
  await daybook.untilIdle();
  await daybook.deliver(eventFor(fulfil, job, "shipped"));
  await assert.rejects(daybook.wait(job), (error: Error) => {
    const { message } = error;
    assert.match(message, /^Cannot crash after chrage: no step of this name has completed since;/);
    assert.match(message, /completed are (reserve, label|label, reserve), charge, thank\. Job /);
    return true;
  });
  daybook.crashAfter("charge");
  await daybook.untilIdle();
  await assert.rejects(daybook.close(), /Cannot crash after charge: /);
  assert.throws(() => daybook.crashAfter("main"), /the name stands for run itself/);
});

Deno.test("fetch: after a crash the new process answers", async () => {
  const { fulfil } = fulfilling();
  await using daybook = await testDaybook([fulfil]);
  const request = () => daybook.fetch(new Request("http://localhost/journal"));
  const before = await (await request()).json();
  daybook.crashAfter("charge");
  await daybook.submit(fulfil, { orderId: "42" });
  const after = await (await request()).json();
  assert.ok(after.head.logId > before.head.logId);
});
