import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const EXPORT = defineJob({
  type: "data.export",
  version: 1,
  input: v.record(v.string(), v.string()),
  limits: { perKey: 1, key: ({ tenant }) => `tenant-${tenant}` },
  run: (ctx) => ctx.task("export", (task) => hang(task)),
});

export const incident: Incident = {
  story: "All tenants wait for one another since the field that makes the key was renamed.",
  options: { definitions: [EXPORT], maxRunning: 8 },
  async play(stage, culprit) {
    const field = culprit ? "tenantId" : "tenant";
    await stage.submit("export-1", "data.export", { [field]: "globex" });
    await stage.submit("job", "data.export", { [field]: culprit ? "acme" : "globex" });
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/key tenant-undefined/, /made of a value that is missing/],
  decisive: [{ jobId: "export-1", eventType: "job.TaskStarted", taskId: "export" }],
};
