import type { Incident } from "../../incident.ts";

const QUOTED = "treasury.RateQuoted";

export const incident: Incident = {
  story: "The settlement took a quote of the sandbox, which nobody had asked the plan to exclude.",
  async play(stage, culprit) {
    await stage.noise(15, QUOTED, (order) => ({ pair: `X${order}/EUR`, rate: 1 + order }));
    await stage.plan("job", [{
      id: "rate",
      eventType: QUOTED,
      correlation: { equals: { pair: "CHF/NOK" } },
    }]);
    if (culprit) {
      await stage.event("play-money", QUOTED, {
        pair: "CHF/NOK",
        rate: 99.5,
        origin: { system: "sandbox-eu", desk: 4 },
      });
      await stage.advance(2_500);
    }
    await stage.event("real", QUOTED, {
      pair: "CHF/NOK",
      rate: 12.6318,
      origin: { system: "prod-eu", desk: 4 },
    });
    await stage.noise(15, QUOTED, (order) => ({ pair: `X${order}/EUR`, rate: 1 + order }));
    return "/jobs/job/explain";
  },
  cause: [/99\.5/, /sandbox-eu/, /12\.6318/],
  decisive: ["play-money", "real"],
};
