import { wait } from "../../incident_kit.ts";

export const incident = wait({
  story: "The new carrier reports several containers at once, in a list, under a shorter key.",
  eventType: "port.gate.GateOutConfirmed",
  equals: { containerNumber: "MSKU4471203" },
  noise: (order) => ({ containerNumber: `TCLU${5_500_000 + order}`, terminal: "ECT" }),
  goesWrong: (stage) =>
    stage.event("list", "port.gate.GateOutConfirmed", {
      visit: { truck: "98-BXK-4", units: [{ no: "HLXU1100027" }, { no: "MSKU4471203" }] },
    }),
  cause: [/visit\.units/, /MSKU4471203/],
  decisive: ["list"],
});
