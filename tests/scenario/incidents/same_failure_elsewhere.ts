import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const FETCH = scripted("tax.fetch", {
  fetch: ({ input }) => {
    if (input["year"] === 2019) throw new NonRetryableError("the archive of 2019 is offline");
    return "fetched";
  },
});

export const incident: Incident = {
  story: "Five jobs failed of the same cause, and each is looked at as if it were the only one.",
  options: { definitions: [FETCH], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 30; other++) {
      await stage.submit(`other-${other}`, "tax.fetch", { year: other % 6 === 0 ? 2019 : 2024 });
    }
    await stage.submit("job", "tax.fetch", { year: culprit ? 2019 : 2024 });
    return "/jobs/job/explain";
  },
  cause: [/the archive of 2019 is offline/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch" }],
  next: /5 (other|more|jobs)|with the same/,
};
