import { wait } from "../incident_kit.ts";

const ARRIVED = "depot.PartArrived";

export const incident = wait({
  story: "Two of three parts came; the third was booked to another order.",
  eventType: ARRIVED,
  equals: { order: "ORD-12" },
  multiplicity: { times: 3 },
  noise: (order) => ({ order: `ORD-9${order}` }),
  goesWrong: async (stage) => {
    await stage.event("part-1", ARRIVED, { order: "ORD-12", part: 1 });
    await stage.event("part-2", ARRIVED, { order: "ORD-12", part: 2 });
    await stage.event("part-3", ARRIVED, { order: "ord-12", part: 3 });
  },
  cause: [/2 of 3/, /case/i],
  decisive: ["part-3"],
});
