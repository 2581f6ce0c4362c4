import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const REPORT = defineJob({
  type: "report.make",
  version: 1,
  input: v.object({ tenant: v.string(), report: v.optional(v.string()) }),
  limits: { perKey: 1, key: ({ tenant }) => tenant },
  // A report submits its pages as jobs of their own, and asks for them until they are done.
  run: (ctx, { report }) => ctx.task("pages", (task) => report === undefined ? hang(task) : "page"),
});

export const incident: Incident = {
  story: "A page of a report never starts: the report polls for it, and holds the tenant's place.",
  options: { definitions: [REPORT], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("report-7", "report.make", { tenant: "acme" });
    const report = culprit ? "report-7" : "report-6";
    await stage.submit("job", "report.make", { tenant: "acme", report });
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/report-7 holds the only place/, /waits for this one, neither can continue/],
  decisive: [{ jobId: "report-7", eventType: "job.TaskStarted", taskId: "pages" }],
  next: /jobs\/report-7\/cancel/,
};
