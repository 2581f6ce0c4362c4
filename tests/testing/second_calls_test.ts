/** Nondeterministic behaviour of `run`, and how it is reported. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, type JobContext } from "../../src/mod.ts";
import { NotDeterministicError, testDaybook } from "../../src/testing/mod.ts";

type Run = (ctx: JobContext<"paid">, count: number) => Promise<unknown>;

/** Runs a job whose `run` gets the number of its calls, and returns the report. */
async function told(run: Run): Promise<string | undefined> {
  let count = 0;
  const job = defineJob({
    type: "order.pay",
    version: 1,
    input: v.object({}),
    expects: () => ({ paid: { eventType: "bank.Paid" } }),
    run: (ctx) => run(ctx, ++count),
  });
  await using daybook = await testDaybook([job]);
  await daybook.submit(job, {}, { jobId: "pay-1" });
  try {
    await daybook.untilIdle();
    await daybook.deliver({ eventType: "bank.Paid" });
    await daybook.untilIdle();
    assert.ok(count >= 2, `run was called ${count} times`);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof NotDeterministicError, String(error));
    assert.equal(error.jobId, "pay-1");
    return error.message.replace("Cannot call run of order.pay again: for job pay-1, ", "")
      .replace(/\. Between calls of ctx.*$/, "");
  }
}

Deno.test("second call: a deterministic run is called twice, and accepted", async () => {
  assert.equal(
    await told(async (ctx) => {
      const [one, two] = await Promise.all([
        ctx.task("one", () => Math.random()),
        ctx.task("two", async () => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          return Math.random();
        }, { retry: { maxAttempts: 2 }, compensate: () => {} }),
      ]);
      await ctx.expect("paid");
      return { one, two, at: ctx.now(), at2: new Date(ctx.now()) };
    }),
    undefined,
  );
});

Deno.test("second call: a different step is named, with the step before it", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("reserve", () => 1);
      await ctx.task(`charge-${count}`, () => 1);
    }),
    'after ctx.task("reserve"), it asked for ctx.task("charge-1") the first time, and asked for ' +
      'ctx.task("charge-2") the second',
  );
});

Deno.test("second call: a different output is reported", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("charge", () => 1);
      await ctx.expect("paid");
      return { receipts: [{ at: 1_000 + count }] };
    }),
    'after ctx.expect("paid"), it returned output.receipts[0].at 1001 the first time, and 1003 ' +
      "the second",
  );
});

Deno.test("second call: other options, another order, a missing step and an error are reported", async () => {
  assert.equal(
    await told((ctx, count) => ctx.task("charge", () => 1, { retry: { maxAttempts: 3 + count } })),
    'at its beginning, it asked for ctx.task("charge") with options.retry.maxAttempts 4 the ' +
      "first time, and 5 the second",
  );
  assert.equal(
    await told((ctx, count) =>
      Promise.all((count === 1 ? ["a", "b"] : ["b", "a"]).map((name) => ctx.task(name, () => 1)))
    ),
    'at its beginning, it asked for ctx.task("a") the first time, and asked for ctx.task("b") ' +
      "the second",
  );
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count === 1) await ctx.task("b", () => 1);
      await ctx.expect("paid");
    }),
    'after ctx.task("a"), it asked for ctx.task("b") the first time, and asked for ' +
      'ctx.expect("paid") the second',
  );
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count > 1) throw new Error("twice");
      await ctx.expect("paid");
    }),
    'after ctx.task("a"), it asked for ctx.expect("paid") the first time, and threw Error: twice ' +
      "the second",
  );
});

Deno.test("second call: a run that awaits something other than ctx is reported as not getting as far", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count > 1) await new Promise(() => {});
      await ctx.task("b", () => 1);
    }),
    'after ctx.task("a"), it asked for ctx.task("b") the first time, and asked for nothing more ' +
      "the second",
  );
});
