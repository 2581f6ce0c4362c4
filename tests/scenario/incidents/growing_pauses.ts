import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const POLL = scripted("bank.poll", {
  poll: ({ input }) => {
    if (input["late"] === true) throw new Error("the statement is not ready");
    return "read";
  },
}, { retry: { maxAttempts: 12, initialMs: 10_000, factor: 4, jitter: 0 } });

export const incident: Incident = {
  story:
    "A poll that fails waits longer each time, up to a minute, and nobody sees why nothing happens.",
  options: { definitions: [POLL], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("job", "bank.poll", { late: culprit });
    await stage.advance(90_000);
    return "/jobs/job/explain";
  },
  cause: [/poll/, /the statement is not ready/, /attempt 3|attempt 4|3 attempts/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "poll", nth: 2 }],
  next: /jobs\/job\/wake/,
};
