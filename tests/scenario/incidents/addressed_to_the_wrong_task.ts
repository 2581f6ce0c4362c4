import { wait } from "../incident_kit.ts";

const DONE = "press.PlatePrinted";

export const incident = wait({
  story: "The press reports for the task proof; the plan takes it for print only.",
  eventType: DONE,
  equals: { plate: "PL-17" },
  taskId: "print",
  noise: (order) => ({ plate: `PL-9${order}` }),
  goesWrong: (stage) =>
    stage.event("press", DONE, { plate: "PL-17" }, { jobId: "job", taskId: "proof" }),
  cause: [/proof/, /print/],
  decisive: ["press"],
});
