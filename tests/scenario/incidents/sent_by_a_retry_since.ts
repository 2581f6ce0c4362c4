import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const mail = (isUp: boolean) =>
  scripted("mail.send", {
    send: () => {
      if (isUp) return "sent";
      throw new NonRetryableError("connect ECONNREFUSED smtp:25");
    },
  });

export const incident: Incident = {
  story:
    "The night shift looks at a failed mail, which the evening shift has retried with success.",
  options: { definitions: [mail(false)] },
  async play(stage, culprit) {
    await stage.submit("job", "mail.send");
    await stage.crash({ definitions: [mail(culprit)] });
    await stage.post("/jobs/job/retry");
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/ECONNREFUSED smtp:25/, /It was retried as job .*, which is Done since/s],
  decisive: [{ jobId: "job", eventType: "job.JobRetried" }],
  neverNext: /[Rr]etry it/,
};
