import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

export const incident: Incident = {
  story: "The nightly clean-up ran at noon: its startAt was last night's.",
  options: { definitions: [scripted("db.cleanup", { delete: () => 1_200 })] },
  async play(stage, culprit) {
    for (let other = 0; other < 5; other++) await stage.submit(`other-${other}`, "db.cleanup");
    const startAt = culprit ? "2025-12-31T02:00:00+01:00" : "2026-01-01T00:05:00Z";
    await stage.submit("job", "db.cleanup", {}, { startAt });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/2025-12-31T01:00:00\.000Z/, /had passed 23 h before it was submitted/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
