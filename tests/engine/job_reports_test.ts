/** What the operator is told on the terminal: the first failure of each kind, and parked jobs. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

const SEND = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({ error: v.string() }),
  async run(ctx, { error }) {
    await ctx.task("send", () => {
      throw new NonRetryableError(error);
    });
  },
});

Deno.test("reports: the first failure of each kind is told, and how many came since after an hour", async () => {
  const daybook = await Harness.start({ definitions: [SEND] });
  const failed = async (error: string) => {
    const jobId = await daybook.submit("mail.send", { error });
    await daybook.clock.settle();
    return jobId;
  };
  const text = (jobId: string, error: string, more = "") =>
    `job ${jobId} of type mail.send failed in task send: NonRetryableError: ${error}${more}; ` +
    `deno task daybook explain ${jobId} says why`;
  const first = await failed("mailbox 17 is full");
  await failed("mailbox 18 is full");
  await failed("mailbox 19 is full");
  const other = await failed("no such host");
  assert.deepEqual(daybook.reports.splice(0), [
    text(first, "mailbox 17 is full"),
    text(other, "no such host"),
  ]);
  await daybook.clock.advance(3_600_000);
  const later = await failed("mailbox 20 is full");
  const since = " (and 2 like it since the last report)";
  assert.deepEqual(daybook.reports, [text(later, "mailbox 20 is full", since)]);
});

Deno.test("reports: a job that is cancelled is not told as a failure", async () => {
  const daybook = await Harness.start({
    definitions: [defineJob({
      type: "wait",
      version: 1,
      input: v.object({}),
      run: async (ctx) => await ctx.sleep("night", 3_600_000),
    })],
  });
  const jobId = await daybook.submit("wait", {});
  await daybook.clock.settle();
  await daybook.control(jobId, "cancel");
  await daybook.clock.settle();
  assert.equal(daybook.condition(jobId), "cancelled");
  assert.deepEqual(daybook.reports, []);
});

const job = (step: string) =>
  looseJob("demo.order", async (ctx) => {
    await ctx.task(step, () => 1);
    await ctx.task("stay", (task) =>
      new Promise<void>((_, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
      }));
  });

Deno.test("reports: a job that turns out not to fit is told, the first ten one by one", async () => {
  const daybook = await Harness.start({ definitions: [job("book")], maxRunning: 12 });
  for (let at = 0; at < 12; at++) await daybook.submit("demo.order");
  const { clock, reports } = await daybook.crash([job("reserve")]);
  await clock.advance(120_000);
  assert.equal(reports.length, 11);
  assert.match(
    reports[0] ?? "",
    /^job job_\S+ of type demo\.order was parked \(diverged\): .*book/,
  );
  assert.match(reports[10] ?? "", /not reported one by one/);
});
