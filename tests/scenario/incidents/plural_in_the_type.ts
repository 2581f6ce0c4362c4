import type { Incident } from "../incident.ts";

const RECEIVED = "billing.payment.PaymentReceived";

export const incident: Incident = {
  story:
    "A new version of the billing service says billing.payments where it said billing.payment.",
  async play(stage, culprit) {
    await stage.noise(20, RECEIVED, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    await stage.plan("job", [{
      id: "paid",
      eventType: RECEIVED,
      correlation: { equals: { orderId: "7118", currency: "EUR" } },
    }]);
    if (culprit) {
      const type = "billing.payments.PaymentReceived";
      await stage.event("from-new-version", type, { orderId: "7118", currency: "EUR" });
    }
    await stage.noise(20, RECEIVED, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    return "/jobs/job/explain";
  },
  cause: [/billing\.payments\.PaymentReceived/, /type/i],
  decisive: ["from-new-version"],
};
