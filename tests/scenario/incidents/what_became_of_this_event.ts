import type { Incident } from "../incident.ts";

const PAID = "shop.OrderPaid";

export const incident: Incident = {
  story: "The accountant asks what became of one payment: nothing, its order is in another case.",
  async play(stage, culprit) {
    await stage.noise(12, PAID, (order) => ({ order: `A-${order}` }));
    await stage.plan("waits", [{
      id: "paid",
      eventType: PAID,
      correlation: { equals: { order: "X-1" } },
    }]);
    await stage.event("payment", PAID, { order: culprit ? "x-1" : "X-1" });
    return "/events/payment/explain";
  },
  cause: [/no job|matched nothing|reached none/i, /waits/, /order/],
  decisive: ["payment"],
};
