/** Time inside a job follows the manual clock. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import {
  days,
  eventFor,
  hours,
  NotDeterministicError,
  testDaybook,
} from "../../src/testing/mod.ts";

function reminding() {
  const sent: string[] = [];
  const remind = defineJob({
    type: "invoice.remind",
    version: 1,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => ({
      paid: { eventType: "bank.OrderPaid", correlation: { equals: { orderId } } },
    }),
    async run(ctx) {
      await ctx.task("invoice", () => sent.push("invoice"));
      await ctx.sleep("three-days", days(3));
      await ctx.task("remind", () => sent.push("reminder"));
      await ctx.expect("paid");
      return ctx.now();
    },
  });
  return { remind, sent };
}

Deno.test("ctx.sleep: it ends by the manual clock, to the millisecond", async () => {
  const { remind, sent } = reminding();
  await using daybook = await testDaybook([remind]);
  const job = await daybook.submit(remind, { orderId: "42" });
  const began = daybook.now();
  await daybook.advance(days(3) - 1);
  const [resting] = await daybook.untilIdle();
  assert.equal(resting?.condition, "sleeping");
  assert.match(resting?.why ?? "", /three-days/);
  assert.deepEqual(sent, ["invoice"]);
  await daybook.advance(1);
  assert.deepEqual(sent, ["invoice", "reminder"]);
  await daybook.advance(hours(1));
  await daybook.deliver(eventFor(remind, job, "paid"));
  assert.equal((await daybook.wait(job)).output, began + days(3) + hours(1));
});

Deno.test("ctx.sleep: it survives a crash, and wait moves the clock to its end", async () => {
  const { remind, sent } = reminding();
  await using daybook = await testDaybook([remind]);
  daybook.crashAfter("invoice");
  daybook.crashAfter("three-days");
  const job = await daybook.submit(remind, { orderId: "42" });
  await daybook.advance(days(1));
  await daybook.crash();
  await daybook.deliver(eventFor(remind, job, "paid"));
  const began = daybook.now();
  assert.equal((await daybook.wait(job, { timeoutMs: days(10) })).state, "Done");
  assert.equal(daybook.now() - began, days(2));
  const recoveries = (await daybook.events())
    .filter(({ eventType }) => eventType === "journal.Recovered");
  assert.equal(recoveries.length, 3);
  assert.deepEqual(sent, ["invoice", "reminder"]);
});

Deno.test("ctx.sleep: one that differs between calls is reported", async () => {
  let calls = 0;
  const careless = defineJob({
    type: "invoice.remind",
    version: 1,
    input: v.object({}),
    run: (ctx) => ctx.sleep("a-while", days(++calls)),
  });
  const daybook = await testDaybook([careless]);
  await daybook.submit(careless, {});
  await assert.rejects(daybook.untilIdle(), (error: Error) => {
    assert.ok(error instanceof NotDeterministicError);
    const days =
      'asked for ctx.sleep("a-while") with options 86400000 the first time, and 172800000';
    assert.ok(error.message.includes(days), error.message);
    return true;
  });
  await daybook.close();
});

// Deadlines in the test kit.

const remind = defineJob({
  type: "invoice.remind",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: {
      eventType: "bank.OrderPaid",
      correlation: { equals: { orderId } },
      within: { ms: days(14), otherwise: "fail" },
    },
  }),
  async run(ctx) {
    if (await ctx.expect("paid", { withinMs: days(3) }) !== undefined) return "paid at once";
    await ctx.task("remind", () => "reminded");
    await ctx.expect("paid");
    return "paid in the end";
  },
});

Deno.test("deadlines: they pass by the manual clock, even across a crash", async () => {
  await using daybook = await testDaybook([remind]);
  const job = await daybook.submit(remind, { orderId: "42" });
  await daybook.advance(days(3) - 1);
  assert.equal(daybook.job(job.jobId)?.tasks.length, 1);
  daybook.crashAfter("remind");
  await daybook.advance(1);
  assert.equal(daybook.job(job.jobId)?.tasks.at(-1)?.taskId, "remind");
  await daybook.advance(days(11) - 1);
  assert.equal(daybook.job(job.jobId)?.state, "Running");
  const failed = await daybook.wait(job, { timeoutMs: 1 });
  assert.equal(failed.state, "Failed");

  const paid = await daybook.submit(remind, { orderId: "43" });
  await daybook.advance(days(1));
  await daybook.deliver(eventFor(remind, paid, "paid"));
  assert.equal((await daybook.wait(paid)).output, "paid at once");
});

Deno.test("waits: a job shows how long `run` asked to wait, as it is on record", async () => {
  await using daybook = await testDaybook([remind]);
  const { jobId } = await daybook.submit(remind, { orderId: "44" });
  const [begun, ...others] = daybook.job(jobId)?.waits ?? [];
  assert.equal(begun?.withinMs, days(3));
  assert.equal(begun.expectation, "paid");
  assert.deepEqual(others, []);
  await daybook.control(jobId, "cancel");
});
