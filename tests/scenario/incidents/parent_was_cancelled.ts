import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const input = v.object({ batchId: v.string(), slow: v.optional(v.boolean()) });

const MAKE = defineJob({
  type: "batch.make",
  version: 1,
  input,
  async run(ctx, { batchId, slow }) {
    await ctx.task("load", (task) => slow === true ? hang(task) : "loaded");
    await ctx.task("announce", (task) => task.emit("batch.Ready", { batchId }));
  },
});

const PART = defineJob({
  type: "batch.part",
  version: 1,
  input,
  expects: ({ batchId }) => ({
    ready: {
      kind: "DomainFact",
      eventType: "batch.Ready",
      correlation: { equals: { batchId } },
    },
  }),
  run: async (ctx) => (await ctx.expect("ready")).length,
});

export const incident: Incident = {
  story: "A part waits for its batch for ever: the job that makes the batch was cancelled.",
  options: { definitions: [MAKE, PART], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`part-${other}`, "batch.part", { batchId: `B-${other}` });
      await stage.submit(`make-${other}`, "batch.make", { batchId: `B-${other}` });
    }
    await stage.submit("job", "batch.part", { batchId: "B-77" });
    if (culprit) {
      await stage.submit("make-77", "batch.make", { batchId: "B-77", slow: true });
      await stage.post("/jobs/make-77/cancel", { reason: "wrong price list" });
    }
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/make-77/, /was cancelled at/, /wrong price list/],
  decisive: [{ jobId: "make-77", eventType: "job.JobCancelled" }],
  next: /jobs\/make-77\/retry/,
};
