import type { Incident } from "../incident.ts";

const DONE = "oven.BatchDone";

export const incident: Incident = {
  story: "The night shift cancelled a batch, and the day shift wonders.",
  async play(stage, culprit) {
    await stage.noise(10, DONE, (order) => ({ batch: order }));
    await stage.plan("job", [{
      id: "done",
      eventType: DONE,
      correlation: { equals: { batch: 900 } },
    }]);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "oven 3 is cold" });
    else await stage.event("done-900", DONE, { batch: 900 });
    return "/jobs/job/explain";
  },
  cause: [/cancelled/, /oven 3 is cold/],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
  neverNext: /events/,
};
