import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const NOTIFY = scripted("ticket.notify", {
  render: () => "html",
  send: (about) => about.attempt === 1 ? hang(about) : "sent",
});

export const incident: Incident = {
  story: "Two mails: the process was killed after the mail server had taken the first.",
  options: { definitions: [NOTIFY] },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "ticket.notify");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/send/, /twice/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "send" }],
};
