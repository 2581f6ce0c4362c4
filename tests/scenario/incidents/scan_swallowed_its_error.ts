import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const input = v.object({ fileId: v.string() });

const SCAN = defineJob({
  type: "file.scan",
  version: 1,
  input,
  run: (ctx, { fileId }) =>
    ctx.task("scan", (task) => {
      if (fileId === "F-66") return { note: "Error: connect ECONNREFUSED clamd:3310" };
      if (fileId !== "F-67") task.emit("file.Scanned", { fileId });
      return { note: "clean" };
    }),
});

const PUBLISH = defineJob({
  type: "file.publish",
  version: 1,
  input,
  expects: ({ fileId }) => ({
    scanned: { eventType: "file.Scanned", correlation: { equals: { fileId } } },
  }),
  run: async (ctx) => (await ctx.expect("scanned")).length,
});

export const incident: Incident = {
  story: "A file waits to be published: the scan caught its error, and sent nothing.",
  options: { definitions: [SCAN, PUBLISH] },
  async play(stage, culprit) {
    for (const fileId of ["F-1", "F-2", "F-3"]) {
      await stage.submit(`publish-${fileId}`, "file.publish", { fileId });
      await stage.submit(`scan-${fileId}`, "file.scan", { fileId });
    }
    const fileId = culprit ? "F-66" : "F-67";
    await stage.submit("job", "file.publish", { fileId });
    await stage.submit("scan", "file.scan", { fileId });
    return "/jobs/job/explain";
  },
  cause: [/job scan, which has "F-66"/, /result is an error.*ECONNREFUSED clamd:3310/s],
  decisive: [{ jobId: "scan", eventType: "job.TaskCompleted", taskId: "main" }],
};
