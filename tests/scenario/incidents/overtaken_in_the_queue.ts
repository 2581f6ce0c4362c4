import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const step = defineJob({
  type: "batch.step",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("step", (task) =>
      new Promise<void>((resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
        queueMicrotask(() => {
          if (!task.jobId.startsWith("long")) resolve();
        });
      }));
  },
});

export const incident: Incident = {
  story: "A job was submitted with priority 100, in the belief that higher is sooner.",
  options: { definitions: [step], maxRunning: 1 },
  async play(stage, culprit) {
    await stage.submit("long-1", "batch.step");
    if (culprit) await stage.submit("job", "batch.step", {}, { priority: 100 });
    await stage.submit("long-2", "batch.step");
    for (let later = 0; later < 8; later++) await stage.submit(`later-${later}`, "batch.step");
    if (!culprit) await stage.submit("job", "batch.step");
    await stage.post("/jobs/long-1/cancel");
    return "/jobs/job/explain";
  },
  cause: [/priority 100/, /lower|after/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
