import type { Incident } from "../incident.ts";

const PAID = "shop.OrderPaid";

export const incident: Incident = {
  story: "The payment was never sent; 40 payments of others share the currency and nothing else.",
  async play(stage, culprit) {
    const others = culprit ? 40 : 0;
    await stage.noise(others, PAID, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    await stage.plan("job", [{
      id: "paid",
      eventType: PAID,
      correlation: { equals: { orderId: "7118", currency: "EUR" } },
    }]);
    return "/jobs/job/explain";
  },
  cause: [/none|no event|never/i, /7118/, /\d+ (other|events)/],
  decisive: [],
};
