import type { Incident } from "../incident.ts";

const SHIPPED = "parcel.ParcelShipped";

export const incident: Incident = {
  story: "The carrier put the id of another order's job on the event, where it counted.",
  async play(stage, culprit) {
    await stage.noise(10, SHIPPED, (order) => ({ orderId: `N${order}` }));
    await stage.plan("job", [
      { id: "shipped", eventType: SHIPPED, correlation: { equals: { orderId: "A-1" } } },
    ]);
    await stage.plan("neighbour", [{ id: "shipped", eventType: SHIPPED, correlation: "any" }]);
    const more = { jobId: "neighbour" };
    await stage.event("label", SHIPPED, { orderId: culprit ? "A-1" : "B-9" }, more);
    await stage.noise(10, SHIPPED, (order) => ({ orderId: `N${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/neighbour/],
  decisive: ["label"],
};
