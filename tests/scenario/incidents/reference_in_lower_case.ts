import type { Incident } from "../incident.ts";

const ARRIVED = "dock.delivery.PalletArrived";

export const incident: Incident = {
  story: "The scanner writes the reference in lower case and with a space behind it.",
  async play(stage, culprit) {
    await stage.noise(20, ARRIVED, (order) => ({ reference: `PO-${order}`, dock: "west" }));
    await stage.plan("job", [{
      id: "arrived",
      eventType: ARRIVED,
      correlation: { equals: { reference: "PO-A77", dock: "west" } },
    }]);
    if (culprit) await stage.event("scan", ARRIVED, { reference: "po-a77 ", dock: "west" });
    await stage.noise(20, ARRIVED, (order) => ({ reference: `PO-${order}`, dock: "west" }));
    return "/jobs/job/explain";
  },
  cause: [/reference/, /case|space/i],
  decisive: ["scan"],
};
