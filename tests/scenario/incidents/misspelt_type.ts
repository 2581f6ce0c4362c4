import { wait } from "../incident_kit.ts";

const RECEIVED = "returns.ParcelReceived";

export const incident = wait({
  story: "A new colleague wrote Recieved.",
  eventType: RECEIVED,
  equals: { rma: "RMA-1207" },
  noise: (order) => ({ rma: `RMA-${order}` }),
  goesWrong: (stage) => stage.event("misspelt", "returns.ParcelRecieved", { rma: "RMA-1207" }),
  cause: [/ParcelRecieved/, /type/i],
  decisive: ["misspelt"],
});
