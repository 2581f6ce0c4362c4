import { wait } from "../incident_kit.ts";

const MEASURED = "lab.SampleMeasured";

export const incident = wait({
  story: "The new device says sampleNo where all others say sample.",
  eventType: MEASURED,
  equals: { sample: "S-44190" },
  noise: (order) => ({ sample: `S-${order}` }),
  goesWrong: (stage) => stage.event("device", MEASURED, { sampleNo: "S-44190" }),
  cause: [/sampleNo/],
  decisive: ["device"],
});
