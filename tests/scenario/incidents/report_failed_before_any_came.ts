import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const REPORT = defineJob({
  type: "report.build",
  version: 1,
  input: v.object({ reportId: v.string(), period: v.string() }),
  run: (ctx, { reportId, period }) =>
    ctx.task("compute", (task) => {
      task.emit("report.Finished", { reportId });
      if (period === "2026-13") throw new NonRetryableError("period 2026-13 is out of range");
    }),
});

export const incident: Incident = {
  story: "The dashboard waits for the first report ever; the job that was to send it has failed.",
  options: { definitions: [REPORT] },
  async play(stage, culprit) {
    const correlation = { equals: { reportId: "R-2028" } };
    await stage.plan("job", [{ id: "finished", eventType: "report.Finished", correlation }]);
    await stage.noise(6, "shop.Paid", (order) => ({ orderId: `A-${order}` }));
    if (culprit) {
      await stage.submit("build", "report.build", { reportId: "R-2028", period: "2026-13" });
    }
    return "/jobs/job/explain";
  },
  cause: [/Job build of type report\.build, which has "R-2028"/, /period 2026-13 is out of range/],
  decisive: [{ jobId: "build", eventType: "job.TaskFailed" }],
  next: /Retry job build, if it was to send it/,
};
