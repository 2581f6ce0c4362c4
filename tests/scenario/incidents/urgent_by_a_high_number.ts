import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const MAIL = scripted("mail.send", { send: (about) => hang(about) });

export const incident: Incident = {
  story: "A mail was to go first: it was given priority 100, and now waits behind all others.",
  options: { definitions: [MAIL], maxRunning: 1 },
  async play(stage, culprit) {
    for (let before = 0; before < 20; before++) await stage.submit(`mail-${before}`, "mail.send");
    await stage.submit("job", "mail.send", {}, culprit ? { priority: 100 } : {});
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/19 jobs ahead of it/, /has priority 100, and lower goes first/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
