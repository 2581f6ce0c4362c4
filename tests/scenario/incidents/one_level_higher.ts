import { wait } from "../incident_kit.ts";

const SCANNED = "airport.BagScanned";

export const incident = wait({
  story: "The belt flattens its events: tag stands at the top and not in bag.",
  eventType: SCANNED,
  equals: { "bag.tag": "LH 220 991" },
  noise: (order) => ({ "bag": { tag: `LH ${order}` } }),
  goesWrong: (stage) => stage.event("belt", SCANNED, { tag: "LH 220 991" }),
  cause: [/bag\.tag/, /is at tag/],
  decisive: ["belt"],
  amount: [0, 0],
});
