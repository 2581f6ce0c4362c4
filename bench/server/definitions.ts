/** The job types of the servers under load, for `main.ts --definitions`. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob, NonRetryableError } from "../../src/mod.ts";

/** Three durable steps that do nothing, and a payload of about 100 bytes. */
export const threeTasks: AnyJobDefinition = defineJob({
  type: "bench.three",
  version: 1,
  input: v.object({ payload: v.string() }),
  async run(ctx) {
    await ctx.task("one", () => 1);
    await ctx.task("two", () => 2);
    await ctx.task("three", () => 3);
    return "done";
  },
});

/** Holds a secret until the event comes that it waits for. */
export const withSecret: AnyJobDefinition = defineJob({
  type: "bench.secret",
  version: 1,
  input: v.object({ orderId: v.string(), card: v.object({ number: v.string() }) }),
  secrets: ["card.number"],
  expects: ({ orderId }) => ({
    paid: { eventType: "bench.order.OrderPaid", correlation: { equals: { orderId } } },
  }),
  async run(ctx, { card }) {
    await ctx.task("charge", () => card.number.length);
    await ctx.expect("paid");
  },
});

/** Fails with an error that has a fingerprint of its own in each region. */
export const failing: AnyJobDefinition = defineJob({
  type: "bench.failing",
  version: 1,
  input: v.object({ region: v.string() }),
  async run(ctx, { region }) {
    await ctx.task("charge", () => {
      throw new NonRetryableError(`the bank of ${region} refused`);
    });
  },
});
