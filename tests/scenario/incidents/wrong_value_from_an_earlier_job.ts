import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const SHIP = scripted("parcel.ship", {
  ship: ({ input }) => {
    if (typeof input["weight"] !== "number") {
      throw new NonRetryableError("weight must be a number");
    }
    return "shipped";
  },
});

export const incident: Incident = {
  story: 'A parcel fails on its weight; the input says "2,5".',
  options: { definitions: [SHIP], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) {
      await stage.submit(`other-${other}`, "parcel.ship", { weight: other + 0.5 });
    }
    await stage.submit("job", "parcel.ship", { weight: culprit ? "2,5" : 2.5 });
    return "/jobs/job/explain";
  },
  cause: [/weight must be a number/, /2,5/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "ship" }],
};
