import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const SYNC = scripted("crm.sync", {
  pull: () => "ok",
  push: ({ attempt, input }) => {
    if (input.batch === "large" && attempt < 3) throw new Error("429 Too Many Requests");
    return "ok";
  },
}, { retry: { maxAttempts: 5, initialMs: 45_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "One synchronisation took a minute and a half; the forty others took no time at all.",
  options: { definitions: [SYNC] },
  async play(stage, culprit) {
    for (let other = 0; other < 20; other++) await stage.submit(`sync-${other}`, "crm.sync");
    await stage.submit("job", "crm.sync", { batch: culprit ? "large" : "small" });
    await stage.advance(45_000);
    await stage.advance(45_000);
    for (let other = 20; other < 40; other++) await stage.submit(`sync-${other}`, "crm.sync");
    return "/jobs/job/explain";
  },
  cause: [/90(\.0)? s|1 min 30(\.0)? s|1\.5 min/, /429 Too Many Requests/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "push" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "push", nth: 1 },
  ],
};
