import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const SCAN = scripted("disk.scan", { scan: (about) => hang(about) });

export const incident: Incident = {
  story: "A scan has run for five hours, and nothing would ever end it.",
  options: { definitions: [SCAN], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("job", "disk.scan");
    await stage.advance(culprit ? 18_000_000 : 500);
    return "/jobs/job/explain";
  },
  cause: [/scan/, /no time limit|without a time limit/, /5 h/],
  decisive: [{ jobId: "job", eventType: "job.TaskStarted", taskId: "scan" }],
};
