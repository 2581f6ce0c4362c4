import type { Incident } from "../incident.ts";

const PAID = "shop.OrderPaid";

export const incident: Incident = {
  story: "A payment did nothing: its sender runs with the settings of the staging shop.",
  async play(stage, culprit) {
    await stage.noise(12, PAID, (order) => ({ order: `A-${order}` }));
    await stage.plan("waits", [{
      id: "paid",
      eventType: PAID,
      correlation: { equals: { order: culprit ? "X-1" : "X-2" } },
    }]);
    await stage.event("payment", `staging.${PAID}`, { order: "X-1" });
    return "/events/payment/explain";
  },
  cause: [/reached no job/, /paid of job waits would match/, /type is not shop\.OrderPaid/],
  decisive: ["payment"],
};
