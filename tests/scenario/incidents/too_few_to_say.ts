import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const STEP = scripted("odd.step", {
  step: ({ input }) => {
    if (input["floor"] === 3) throw new NonRetryableError("no toner");
    return "printed";
  },
});

export const incident: Incident = {
  story: "One job of two failed. What they have in common or not is chance, and is not told.",
  options: { definitions: [STEP], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("other", "odd.step", { floor: 1 }, { labels: { wing: "east" } });
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "odd.step", { floor: 3 }, { labels: { wing: "west" } });
    return "/jobs/job/explain";
  },
  cause: [/no toner/, /^(?!.*(?:none of the|where all)).*$/s],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "step" }],
};
