import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SYNC = defineJob({
  type: "crm.sync",
  version: 1,
  input: v.object({ region: v.string() }),
  limits: { rate: { count: 3, perMs: 3_600_000, key: ({ region }) => region } },
  run: (ctx) => ctx.task("sync", () => "done"),
});

export const incident: Incident = {
  story: "A customer's sync waits: the nightly ones have used up the hour's starts of the region.",
  options: { definitions: [SYNC], maxRunning: 8 },
  async play(stage, culprit) {
    for (const night of [1, 2, 3]) {
      await stage.submit(`nightly-${night}`, "crm.sync", { region: culprit ? "eu" : "us" });
    }
    await stage.advance(600_000);
    await stage.submit("job", "crm.sync", { region: "eu" });
    return "/jobs/job/explain";
  },
  cause: [
    /is queued: 3 of 3 starts within 1 h of key eu used up \(rate of type crm\.sync\), by job nightly-1, job nightly-2 and job nightly-3\./,
  ],
  decisive: [{ jobId: "nightly-1", eventType: "job.TaskStarted" }],
};
