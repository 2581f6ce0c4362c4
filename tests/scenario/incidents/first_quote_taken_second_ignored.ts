import type { Incident } from "../incident.ts";

const QUOTED = "freight.PriceQuoted";

export const incident: Incident = {
  story: "A shipment was booked at 900 though a quote of 640 came: the plan takes the first.",
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.event(`lane-${other}`, QUOTED, { lane: `L${other}`, price: 500 + other });
    }
    await stage.plan("job", [
      { id: "quote", eventType: QUOTED, correlation: { equals: { lane: "HAM-OSL" } } },
    ]);
    if (culprit) await stage.event("dear", QUOTED, { lane: "HAM-OSL", price: 900 });
    await stage.advance(2_000);
    await stage.event("cheap", QUOTED, { lane: "HAM-OSL", price: 640 });
    return "/jobs/job/explain";
  },
  cause: [/900/, /640/],
  decisive: ["dear", "cheap"],
  innocent: ["lane-4"],
};
