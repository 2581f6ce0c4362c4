import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const WEIGHTS = [2.5, 0.4, 9.8, 1.1, 3.2, 7, 0.9, 4.4, 5.5, 2.1, 6.3, 1.7];

export const incident: Incident = {
  story: "A parcel cannot be labelled: its weight came in grams.",
  options: {
    definitions: [scripted("parcel.label", {
      label: ({ jobId }) => {
        if (jobId === "job") throw new NonRetryableError("product not available");
        return "labelled";
      },
    })],
    maxRunning: 8,
  },
  async play(stage, culprit) {
    for (const [nth, weight] of WEIGHTS.entries()) {
      await stage.submit(`label-${nth}`, "parcel.label", { weight });
    }
    await stage.submit("job", "parcel.label", { weight: culprit ? 2500 : 2.6 });
    return "/jobs/job/explain";
  },
  cause: [
    /not available\. This job has input\.weight = 2500, where all 12 that went through have at most 9\.8\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "label" }],
};
