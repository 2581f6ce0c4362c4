import type { Incident } from "../incident.ts";

const PAID = "shop.OrderPaid";

export const incident: Incident = {
  story: "Nobody paid this order. Sixty others did, in the same currency.",
  async play(stage, culprit) {
    const others = culprit ? 60 : 0;
    await stage.noise(others, PAID, (order) => ({ order: `O-${order}`, currency: "CHF" }));
    await stage.plan("job", [
      {
        id: "paid",
        eventType: PAID,
        correlation: { equals: { order: "O-9001", currency: "CHF" } },
      },
    ]);
    return "/jobs/job/explain";
  },
  cause: [/\d+ (other|events)|none of/, /O-9001/],
  decisive: [],
};
