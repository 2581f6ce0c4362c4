import type { Incident } from "../../incident.ts";

const BOARDED = "gate.PassengerBoarded";

export const incident: Incident = {
  story: "A hand scanner writes the day without hyphens: the scan reached no job.",
  async play(stage, culprit) {
    await stage.noise(15, BOARDED, (order) => ({ seat: `9${order}A`, day: "2026-12-01" }));
    await stage.plan("seat-14c", [{
      id: "boarded",
      eventType: BOARDED,
      correlation: { equals: { flight: "XQ 613", seat: "14C", day: "2026-12-01" } },
    }]);
    await stage.plan("seat-14d", [{
      id: "boarded",
      eventType: BOARDED,
      correlation: { equals: { flight: "XQ 613", seat: "14D", day: "2026-12-02" } },
    }]);
    await stage.event("scan-1", BOARDED, {
      flight: "XQ 613",
      seat: "14C",
      day: culprit ? "20261201" : "2026-12-01",
    });
    await stage.noise(15, BOARDED, (order) => ({ seat: `9${order}A`, day: "2026-12-01" }));
    return "/events/scan-1/explain";
  },
  cause: [/seat-14c/, /\bday\b/, /20261201/],
  decisive: ["scan-1"],
};
