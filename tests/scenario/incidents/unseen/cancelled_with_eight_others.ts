import type { Incident } from "../../incident.ts";

const PICKED = "courier.PickedUp";
const REASON = "cutover to the new courier";

export const incident: Incident = {
  story: "Somebody cancelled nine pickups within some seconds; the caller knows of one.",
  async play(stage, culprit) {
    await stage.noise(15, PICKED, (order) => ({ pickup: `P-${order}` }));
    const mine = ["job", ...Array.from({ length: 8 }, (_, other) => `pickup-${other}`)];
    for (const jobId of mine) {
      await stage.plan(jobId, [{
        id: "picked",
        eventType: PICKED,
        correlation: { equals: { pickup: `of-${jobId}` } },
      }]);
    }
    await stage.advance(60_000);
    for (const jobId of culprit ? mine : ["job"]) {
      await stage.post(`/jobs/${jobId}/cancel`, { reason: culprit ? REASON : "sold out" });
      await stage.advance(1_000);
    }
    return "/jobs/job/explain";
  },
  cause: [/cutover to the new courier/, /\b(8|eight|9|nine)\b/i],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
};
