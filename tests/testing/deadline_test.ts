/** Deadlines in the test kit. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { days, eventFor, testDaybook } from "../../src/testing/mod.ts";

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
