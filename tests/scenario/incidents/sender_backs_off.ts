import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SEAL = defineJob({
  type: "batch.seal",
  version: 1,
  input: v.object({ batchNo: v.string(), bad: v.optional(v.boolean()) }),
  run: (ctx, { batchNo, bad }) =>
    ctx.task("seal", (task) => {
      if (bad === true) throw new Error("the scale answers 503");
      task.emit("batch.Sealed", { batchNo });
    }, { retry: { maxAttempts: 9, initialMs: 3_600_000, jitter: 0 } }),
});

export const incident: Incident = {
  story: "A shipment waits for its batch; the job that seals it fails again and again.",
  options: { definitions: [SEAL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`seal-${other}`, "batch.seal", { batchNo: `B-${other}` });
    }
    if (culprit) await stage.submit("seal-77", "batch.seal", { batchNo: "B-77", bad: true });
    const correlation = { equals: { batchNo: "B-77" } };
    await stage.plan("job", [{ id: "sealed", eventType: "batch.Sealed", correlation }]);
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/seal-77/, /is backing off after Error: the scale answers 503/],
  decisive: [{ jobId: "seal-77", eventType: "job.TaskFailed", taskId: "seal" }],
};
