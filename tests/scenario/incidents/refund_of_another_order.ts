import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const ORDER = defineJob({
  type: "shop.order",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: { eventType: "pay.Paid", correlation: { equals: { orderId } } },
  }),
  errors: () => [{ eventType: "pay.Refunded", correlation: "any" }],
  run: (ctx) => ctx.expect("paid"),
});

export const incident: Incident = {
  story: "An order failed although nobody refunded it: any refund counts as its error.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { orderId: "A-36" });
    const orderId = culprit ? "A-99" : "A-36";
    await stage.event("refund", "pay.Refunded", { orderId, cents: 1999 });
    return "/jobs/job/explain";
  },
  cause: [/pay\.Refunded failed the job/, /"A-99" and this job's is "A-36"/],
  decisive: ["refund"],
};
