import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "The importer creates jobs with start: false and died before it started them.",
  async play(stage, culprit) {
    const plan = [{ id: "it", eventType: "import.RowReady", correlation: "any" }];
    await stage.plan("job", plan, culprit ? { start: false } : {});
    await stage.advance(7_200_000);
    return "/jobs/job/explain";
  },
  cause: [/start/, /created/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
  next: /jobs\/job\/start/,
};
