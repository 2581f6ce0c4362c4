import { wait } from "../../incident_kit.ts";

export const incident = wait({
  story: "Customs did not release the container: it was held, and says so under another name.",
  eventType: "customs.ReleaseGranted",
  equals: { mrn: "26NL0070914KX" },
  noise: (order) => ({ mrn: `26NL00${80000 + order}QP` }),
  goesWrong: (stage) =>
    stage.event("held", "customs.inspection.HoldPlaced", {
      declaration: { reference: "26NL0070914KX", office: "NL000396" },
      reason: "weight differs",
    }),
  cause: [/HoldPlaced/, /26NL0070914KX/],
  decisive: ["held"],
});
