import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SYNC = defineJob({
  type: "crm.sync",
  version: 1,
  input: v.object({}),
  run: (ctx) => ctx.sleep("until-the-next", 3_600_000),
});

export const incident: Incident = {
  story: "Nothing runs: someone suspended all jobs for an audit, and went home.",
  options: { definitions: [SYNC] },
  async play(stage, culprit) {
    for (let job = 0; job < 5; job++) await stage.submit(`sync-${job}`, "crm.sync");
    const action = { action: "suspend", filter: {}, reason: "audit" };
    if (culprit) await stage.post("/jobs/bulk", action);
    await stage.advance(300_000);
    return "/queue/explain";
  },
  cause: [/5 are suspended/, /is suspended, since .* \(reason: audit\)/s],
  decisive: [{ jobId: "sync-0", eventType: "job.JobSuspended" }],
  next: /Resume all 5/,
};
