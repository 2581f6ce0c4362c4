import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { RetryLater } from "../../../src/mod.ts";

const SEND = scripted("sms.send", {
  send: ({ input }) => {
    if (input["quota"] === true) throw new RetryLater(86_400_000);
    return "sent";
  },
}, { retry: { maxAttempts: 3, initialMs: 1_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "The quota of the day is used up, and the task asks to be called tomorrow.",
  options: { definitions: [SEND], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`other-${other}`, "sms.send");
    await stage.submit("job", "sms.send", { quota: culprit });
    return "/jobs/job/explain";
  },
  cause: [/24 h|1 d/, /RetryLater|asked/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
  next: /jobs\/job\/wake/,
};
