import { RetryLater } from "../../../../src/mod.ts";
import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const UPLOAD = scripted("tax.upload", {
  upload: ({ attempt, input }) => {
    if (input.year !== 2025) return "accepted";
    if (attempt < 3) throw new Error("EHOSTUNREACH elster-gw");
    throw new RetryLater(2_700_000, "window closed");
  },
}, { retry: { maxAttempts: 6, initialMs: 4_000, factor: 3, jitter: 0 } });

export const incident: Incident = {
  story: "The tax office closes its window; the task does as it is told and comes back later.",
  options: { definitions: [UPLOAD] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`return-${other}`, "tax.upload", { year: 2024 });
    }
    await stage.submit("job", "tax.upload", { year: culprit ? 2025 : 2024 });
    await stage.advance(4_000);
    await stage.advance(12_000);
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/4[45](\.\d)? min|2,?700 s/, /RetryLater/, /window closed/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "upload", nth: 2 }],
  next: /\/jobs\/job\/wake/,
};
