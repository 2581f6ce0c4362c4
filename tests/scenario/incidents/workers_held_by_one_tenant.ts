import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const CRUNCH = scripted("data.crunch", { crunch: (about) => hang(about) });
const SMALL = scripted("data.small", { look: () => "seen" });

export const incident: Incident = {
  story: "A small job waits: four long ones of the same tenant hold all workers for 40 minutes.",
  options: { definitions: [CRUNCH, SMALL], maxRunning: 4 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`before-${other}`, "data.small");
    for (let long = 0; culprit && long < 4; long++) {
      await stage.submit(`long-${long}`, "data.crunch", {}, { labels: { tenant: "gross" } });
    }
    await stage.advance(2_400_000);
    await stage.submit("job", "data.small", {}, { labels: { tenant: "klein" } });
    return "/jobs/job/explain";
  },
  cause: [/long-0/, /40 min/],
  decisive: [{ jobId: "long-0", eventType: "job.TaskStarted", taskId: "crunch" }],
  next: /jobs\/long-[0-3]\/cancel/,
};
