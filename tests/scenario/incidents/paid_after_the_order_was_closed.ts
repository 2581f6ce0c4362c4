import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const ORDER = defineJob({
  type: "order.take",
  version: 1,
  input: v.object({ order: v.string() }),
  expects: ({ order }) => ({
    paid: { eventType: "shop.OrderPaid", correlation: { equals: { order } } },
  }),
  async run(ctx) {
    const paid = await ctx.expect("paid", { withinMs: 60_000 });
    return paid === undefined ? "closed" : "packed";
  },
});

export const incident: Incident = {
  story: "The customer has paid, and nothing was packed: run had given up on the payment before.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    await stage.submit("job", "order.take", { order: "X-1" });
    await stage.noise(9, "shop.OrderPaid", (order) => ({ order: `A-${order}` }));
    await stage.advance(65_000);
    if (culprit) await stage.event("payment", "shop.OrderPaid", { order: "X-1", method: "card" });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/shop\.OrderPaid for "paid" came/, /5 s after the job had given up on it/],
  decisive: ["payment", { jobId: "job", eventType: "job.DeadlinePassed" }],
};
