import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "Nothing happens: the job was submitted with a start ten minutes away.",
  async play(stage, culprit) {
    const startAt = "2026-01-01T00:10:00.000Z";
    await stage.plan(
      "job",
      [{ id: "it", eventType: "x.Happened", correlation: "any" }],
      culprit ? { startAt } : {},
    );
    return "/jobs/job/explain";
  },
  cause: [/00:10:00|10 min/, /start/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
