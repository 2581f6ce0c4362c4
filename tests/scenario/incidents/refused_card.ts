import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const CHARGE = scripted("pay.charge", {
  reserve: () => "shelf 4",
  charge: ({ input }) => {
    if (input["card"] === "expired") throw new NonRetryableError("the card ...4242 has expired");
    return "charged";
  },
}, { undo: { reserve: () => {} } });

export const incident: Incident = {
  story: "A card had expired: the same input must fail again, so a retry is no advice.",
  options: { definitions: [CHARGE], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`other-${other}`, "pay.charge", { card: "good" });
    }
    await stage.submit("job", "pay.charge", { card: culprit ? "expired" : "good" });
    return "/jobs/job/explain";
  },
  cause: [/charge/, /the card \.\.\.4242 has expired/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "charge" }],
};
