import type { Incident } from "../incident.ts";

const RATE = "fx.RatePublished";

export const incident: Incident = {
  story: "The invoice was made with yesterday's rate: the plan took whatever rate came first.",
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.event(`rate-usd-${other}`, RATE, { pair: "EURUSD", rate: 1 + other / 100 });
    }
    await stage.plan("job", [
      { id: "rate", eventType: RATE, correlation: { equals: { pair: "EURCHF" } } },
    ]);
    if (culprit) {
      await stage.event("old-rate", RATE, { pair: "EURCHF", rate: 1.0412, day: "2026-11-26" });
      await stage.advance(400);
    }
    await stage.event("new-rate", RATE, { pair: "EURCHF", rate: 1.0839, day: "2026-11-27" });
    return "/jobs/job/explain";
  },
  cause: [/1\.0412/, /1\.0839/],
  decisive: ["old-rate", "new-rate"],
  innocent: ["rate-usd-3", "rate-usd-11"],
};
