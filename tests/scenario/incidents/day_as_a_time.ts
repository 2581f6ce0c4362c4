import type { Incident } from "../incident.ts";

const CLOSED = "till.DayClosed";

export const incident: Incident = {
  story: "The till names the day as a time of midnight; the plan names the day.",
  async play(stage, culprit) {
    await stage.noise(10, CLOSED, (order) => ({ till: order + 10, day: "2026-11-26" }));
    await stage.plan("job", [
      { id: "closed", eventType: CLOSED, correlation: { equals: { till: 7, day: "2026-11-27" } } },
    ]);
    if (culprit) await stage.event("closing", CLOSED, { till: 7, day: "2026-11-27T00:00:00.000Z" });
    await stage.noise(14, CLOSED, (order) => ({ till: order + 10, day: "2026-11-27" }));
    return "/jobs/job/explain";
  },
  cause: [/day/, /2026-11-27T00:00:00/],
  decisive: ["closing"],
};
