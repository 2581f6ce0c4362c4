/**
 * The test kit of Daybook: tests jobs on a journal in memory and a clock that the test advances,
 * within milliseconds and without permissions.
 *
 * @example A job that waits for an event, across a crash
 * ```ts
 * import { defineJob } from "@daybook/daybook";
 * import { eventFor, testDaybook } from "@daybook/daybook/testing";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const pay = defineJob({
 *   type: "order.pay",
 *   version: 1,
 *   input: v.object({ orderId: v.string() }),
 *   expects: ({ orderId }) => ({
 *     paid: { eventType: "bank.OrderPaid", correlation: { equals: { orderId } } },
 *   }),
 *   async run(ctx, { orderId }) {
 *     const invoice = await ctx.task("invoice", () => `invoice-${orderId}`);
 *     await ctx.expect("paid");
 *     return invoice;
 *   },
 * });
 *
 * Deno.test("order.pay: is done once it is paid, whatever happens to the process", async () => {
 *   await using daybook = await testDaybook([pay]);
 *   daybook.crashAfter("invoice");
 *   const job = await daybook.submit(pay, { orderId: "42" });
 *   await daybook.deliver(eventFor(pay, job, "paid"));
 *   assert.equal((await daybook.wait(job)).output, "invoice-42");
 * });
 * ```
 *
 * @module
 */

/** Types of the test kit's parameters and results. */
export type * from "../mod.ts";
export type { RestingJob, TestDaybook, TestOptions } from "./test_daybook.ts";
export { days, hours, minutes, seconds } from "./stand_ins.ts";
export { eventFor } from "./event_for.ts";
export { type ExportedJob, fromExport, type RecordedEvent } from "./exported_job.ts";
export { NotDeterministicError } from "./run_traces.ts";
export { testDaybook } from "./test_daybook.ts";
