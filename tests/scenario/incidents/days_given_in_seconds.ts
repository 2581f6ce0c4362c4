import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const REMIND = defineJob({
  type: "invoice.remind",
  version: 1,
  input: v.object({ invoiceId: v.string(), perDay: v.number() }),
  expects: ({ invoiceId }) => ({
    paid: { eventType: "shop.InvoicePaid", correlation: { equals: { invoiceId } } },
  }),
  async run(ctx, { perDay }) {
    const paid = await ctx.expect("paid", { withinMs: 3 * perDay });
    return paid === undefined ? await ctx.task("remind", () => "reminded") : "paid";
  },
});

export const incident: Incident = {
  story: "Customers are reminded within five minutes: three days were given in seconds.",
  options: { definitions: [REMIND] },
  async play(stage, culprit) {
    const perDay = culprit ? 86_400 : 86_400_000;
    await stage.submit("job", "invoice.remind", { invoiceId: "I-77", perDay });
    await stage.advance(600_000);
    await stage.event("payment", "shop.InvoicePaid", { invoiceId: "I-77" });
    return "/jobs/job/explain";
  },
  cause: [/InvoicePaid for "paid" came/, /given up on it, having waited 4 min 19 s/],
  decisive: ["payment", { jobId: "job", eventType: "job.DeadlinePassed" }],
};
