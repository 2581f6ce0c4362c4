import type { Incident } from "../incident.ts";

const PACKED = "depot.BoxPacked";

export const incident: Incident = {
  story: "The depot nests the order now: order.orderId instead of orderId.",
  async play(stage, culprit) {
    await stage.noise(18, PACKED, (order) => ({ orderId: `N-${order}` }));
    await stage.plan("job", [
      { id: "packed", eventType: PACKED, correlation: { equals: { orderId: "O-5581" } } },
    ]);
    if (culprit) await stage.event("nested", PACKED, { order: { orderId: "O-5581", boxes: 2 } });
    await stage.noise(18, PACKED, (order) => ({ orderId: `N-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/order\.orderId/],
  decisive: ["nested"],
};
