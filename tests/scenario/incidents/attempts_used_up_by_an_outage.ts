import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const PUSH = scripted("erp.push", {
  push: ({ input }) => {
    if (input["down"] === true) throw new Error("connect ECONNREFUSED 10.2.0.7:443");
    return "pushed";
  },
}, { retry: { maxAttempts: 4, initialMs: 1_000, factor: 3, jitter: 0 } });

export const incident: Incident = {
  story: "The ERP was down for a minute longer than four attempts last.",
  options: { definitions: [PUSH], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`other-${other}`, "erp.push");
    await stage.submit("job", "erp.push", { down: culprit });
    await stage.advance(120_000);
    return "/jobs/job/explain";
  },
  cause: [/push/, /ECONNREFUSED/, /4 attempts|4 of 4/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "push", nth: 3 }],
  next: /jobs\/job\/retry/,
};
