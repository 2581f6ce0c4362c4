import { NonRetryableError } from "../../../../src/mod.ts";
import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const BROKEN = ["job", "photo-7", "photo-19", "photo-26", "photo-33"];

const THUMB = scripted("photo.shrink", {
  shrink: ({ jobId }) => {
    if (BROKEN.includes(jobId)) throw new NonRetryableError("decoder gave up");
    return "small";
  },
});

export const incident: Incident = {
  story: "Five pictures of fifty fail; they come from all customers, and all are HEIC.",
  options: { definitions: [THUMB] },
  async play(stage, culprit) {
    const ids = Array.from({ length: 45 }, (_, photo) => `photo-${photo}`);
    ids.splice(30, 0, "job");
    for (const [index, jobId] of ids.entries()) {
      const usual = index % 2 === 0 ? "jpeg" : "png";
      const format = culprit && BROKEN.includes(jobId) ? "heic" : usual;
      await stage.submit(jobId, "photo.shrink", { format, width: 900 + index }, {
        labels: { customer: `c${index % 7}` },
      });
    }
    return "/jobs/job/explain";
  },
  cause: [/decoder gave up/, /heic/, /\b(5|4 others)\b/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "shrink" }],
};
