import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const WORK = scripted("queue.work", {
  work: (about) => about.jobId.startsWith("hold") ? hang(about) : "done",
});

export const incident: Incident = {
  story: "A job with priority 50 has waited since noon; whatever came later went first.",
  options: { definitions: [WORK], maxRunning: 1 },
  async play(stage, culprit) {
    await stage.submit("hold-1", "queue.work");
    await stage.submit("job", "queue.work", {}, culprit ? { priority: 50 } : {});
    for (let later = 0; later < 20; later++) await stage.submit(`later-${later}`, "queue.work");
    await stage.submit("hold-2", "queue.work");
    if (!culprit) return "/jobs/job/explain";
    await stage.advance(3_600_000);
    await stage.post("/jobs/hold-1/cancel");
    return "/jobs/job/explain";
  },
  cause: [/priority 50/, /20|21/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
