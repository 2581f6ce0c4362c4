import { wait } from "../incident_kit.ts";

const UPLOADED = "media.FileUploaded";

export const incident = wait({
  story: "One service prints UUIDs in capitals.",
  eventType: UPLOADED,
  equals: { file: "6f1c2a9e-93a1-4c1b-8f1e-0b2f9d3f7a11" },
  noise: (order) => ({ file: `6f1c2a9e-93a1-4c1b-8f1e-${String(order).padStart(12, "0")}` }),
  goesWrong: (stage) =>
    stage.event("capitals", UPLOADED, { file: "6F1C2A9E-93A1-4C1B-8F1E-0B2F9D3F7A11" }),
  cause: [/file/, /case/i],
  decisive: ["capitals"],
});
