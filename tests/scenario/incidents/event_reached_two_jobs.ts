import type { Incident } from "../incident.ts";

const CLOSED = "plant.GateClosed";

export const incident: Incident = {
  story: "One event moved two jobs where one was meant: both wait for any gate.",
  async play(stage, culprit) {
    const any = [{ id: "gate", eventType: CLOSED, correlation: "any" as const }];
    await stage.plan("first", any);
    if (culprit) await stage.plan("second", any);
    await stage.event("gate-7", CLOSED, { gate: 7 });
    return "/events/gate-7/explain";
  },
  cause: [/first/, /second/],
  decisive: ["gate-7"],
};
