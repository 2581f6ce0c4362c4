import { wait } from "../incident_kit.ts";

const REGISTERED = "fleet.TruckRegistered";

export const incident = wait({
  story: "A plate was typed on a Cyrillic keyboard: its A and B only look like ours.",
  eventType: REGISTERED,
  equals: { plate: "AB1234" },
  noise: (order) => ({ plate: `XY${order}` }),
  goesWrong: (stage) => stage.event("keyboard", REGISTERED, { plate: "\u0410\u04121234" }),
  cause: [/plate/, /U\+0410|code point|look/i],
  decisive: ["keyboard"],
});
