import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story:
    "Where is batch B-7? A job has waited for it since yesterday, and has it in its plan alone.",
  async play(stage, culprit) {
    await stage.noise(9, "batch.Ready", (batch) => ({ batch: `A-${batch}` }));
    if (culprit) {
      await stage.plan("child", [{
        id: "ready",
        eventType: "batch.Ready",
        correlation: { equals: { batch: "B-7" } },
      }]);
    }
    await stage.advance(86_400_000);
    return "/explain?about=B-7";
  },
  cause: [/1 job/, /Job child .* expects it in ready/],
  decisive: [{ jobId: "child", eventType: "job.JobCreated" }],
};
