import type { Incident } from "../../support/incident.ts";
import { scripted } from "../../support/incident_kit.ts";

const POLL = scripted("bank.poll", {
  poll: ({ input }) => {
    if (input["late"] === true) throw new Error("the statement is not ready");
    return "read";
  },
}, { retry: { maxAttempts: 12, initialMs: 10_000, factor: 4, jitter: 0 } });

export const incident: Incident = {
  story: "A poll that fails waits longer each time: now it is at most of an hour.",
  options: { definitions: [POLL], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("job", "bank.poll", { late: culprit });
    await stage.advance(900_000);
    return "/jobs/job/explain";
  },
  cause: [/poll/, /the statement is not ready/, /attempt 5|5 attempts|4 attempts|attempt 4/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "poll", nth: 3 }],
  next: /jobs\/job\/wake/,
};
