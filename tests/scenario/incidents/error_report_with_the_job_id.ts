import { wait } from "../incident_kit.ts";

const DONE = "ocr.PageRead";

export const incident = wait({
  story: "The reader reports that it failed, with the id of the job in a field of its own.",
  eventType: DONE,
  equals: { page: "p-00917" },
  noise: (order) => ({ page: `p-${order}` }),
  goesWrong: (stage) =>
    stage.event("report", "ocr.worker.Crashed", { request: "p-00917", signal: "SIGSEGV" }),
  cause: [/ocr\.worker\.Crashed/, /p-00917/],
  decisive: ["report"],
});
