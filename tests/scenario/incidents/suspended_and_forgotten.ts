import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const SYNC = scripted("crm.sync", { sync: () => "done" });

export const incident: Incident = {
  story: "Somebody suspended a job on Friday for a check and did not resume it.",
  options: { definitions: [SYNC], maxRunning: 2 },
  async play(stage, culprit) {
    await stage.submit("job", "crm.sync", {}, { start: false });
    await stage.post("/jobs/job/start");
    await stage.plan("held", [{ id: "never", eventType: "crm.Never", correlation: "any" }]);
    if (culprit) await stage.post("/jobs/held/suspend", { reason: "audit of the CRM" });
    await stage.advance(200_000_000);
    return "/jobs/held/explain";
  },
  cause: [/suspended/, /audit of the CRM/],
  decisive: [{ jobId: "held", eventType: "job.JobSuspended" }],
  next: /jobs\/held\/resume/,
};
