import { wait } from "../incident_kit.ts";

const SHIPPED = "mill.RollShipped";

export const incident = wait({
  story: "The mill cancelled the roll in a type that nobody listens to.",
  eventType: SHIPPED,
  equals: { roll: "ROLL-7733" },
  noise: (order) => ({ roll: `ROLL-${order}` }),
  goesWrong: (stage) =>
    stage.event("cancelled", "mill.ProductionCancelled", { item: "ROLL-7733", why: "web break" }),
  cause: [/mill\.ProductionCancelled/, /ROLL-7733/],
  decisive: ["cancelled"],
});
