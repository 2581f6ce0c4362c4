import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const ACTIVATE = defineJob({
  type: "billing.activate",
  version: 1,
  input: v.object({ customerId: v.string() }),
  expects: () => ({ paid: { eventType: "billing.InvoicePaid", correlation: { equals: {} } } }),
  async run(ctx) {
    await ctx.expect("paid");
    return await ctx.task("activate", () => "active");
  },
});

export const incident: Incident = {
  story: "An account was activated unpaid: its expectation takes the invoice of any customer.",
  options: { definitions: [ACTIVATE] },
  async play(stage, culprit) {
    await stage.noise(6, "billing.InvoicePaid", (order) => ({ customerId: `C-7${order}` }));
    await stage.submit("job", "billing.activate", { customerId: "C-177" });
    const customerId = culprit ? "C-212" : "C-177";
    await stage.event("invoice", "billing.InvoicePaid", { customerId, invoiceId: "I-9" });
    return "/jobs/job/explain";
  },
  cause: [/billing\.InvoicePaid counted for "paid"/, /"C-212" and this job's is "C-177"/],
  decisive: ["invoice"],
};
