import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const ARCHIVE = scripted("old.archive", { archive: () => "done" });
const OTHER = scripted("new.archive", { archive: () => "done" });

export const incident: Incident = {
  story: "A type was renamed in a release while jobs of the old name were scheduled.",
  options: { definitions: [ARCHIVE, OTHER], maxRunning: 4 },
  async play(stage, culprit) {
    const startAt = "2026-01-01T00:05:00.000Z";
    await stage.submit("job", "old.archive", {}, { startAt });
    await stage.crash(culprit ? { definitions: [OTHER], maxRunning: 4 } : undefined);
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/old\.archive/, /not loaded|no definition|no code/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
