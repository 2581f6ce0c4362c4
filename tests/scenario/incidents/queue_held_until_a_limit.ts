import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const SLOW = scripted("api.slow", {
  call: (about) => about.jobId.startsWith("slow") ? hang(about) : "ok",
}, { timeoutMs: 600_000 });

export const incident: Incident = {
  story: "The queue crawls: calls that hang hold their workers until a limit of ten minutes.",
  options: { definitions: [SLOW], maxRunning: 3 },
  async play(stage, culprit) {
    for (let slow = 0; culprit && slow < 3; slow++) await stage.submit(`slow-${slow}`, "api.slow");
    await stage.advance(120_000);
    await stage.submit("job", "api.slow");
    return "/jobs/job/explain";
  },
  cause: [/slow-0/, /limit/, /2 min|120 s|10 min/],
  decisive: [{ jobId: "slow-0", eventType: "job.TaskStarted", taskId: "call" }],
};
