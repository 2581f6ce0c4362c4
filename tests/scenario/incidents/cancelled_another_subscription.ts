import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SUBSCRIPTION = defineJob({
  type: "billing.subscription",
  version: 1,
  input: v.object({ customerId: v.string(), subscriptionId: v.string() }),
  expects: ({ subscriptionId }) => ({
    active: { eventType: "billing.Activated", correlation: { equals: { subscriptionId } } },
  }),
  errors: ({ customerId }) => [
    { eventType: "billing.Cancelled", correlation: { equals: { customerId } } },
  ],
  run: (ctx) => ctx.expect("active"),
});

export const incident: Incident = {
  story: "A subscription failed when its customer cancelled another one.",
  options: { definitions: [SUBSCRIPTION] },
  async play(stage, culprit) {
    const customerId = "C-100";
    await stage.submit("job", "billing.subscription", { customerId, subscriptionId: "S-41" });
    const subscriptionId = culprit ? "S-77" : "S-41";
    await stage.event("cancellation", "billing.Cancelled", { customerId, subscriptionId });
    return "/jobs/job/explain";
  },
  cause: [/subscriptionId is "S-77" and this job's is "S-41"/],
  decisive: ["cancellation"],
};
