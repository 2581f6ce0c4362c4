import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const RENDER = scripted("site.render", {
  render: ({ input }) => {
    if (input["broken"] === true) throw new NonRetryableError("template not found");
    return "html";
  },
});

export const incident: Incident = {
  story: "All sites of one theme fail; the labels say which.",
  options: { definitions: [RENDER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 40; other++) {
      const broken = culprit && other % 8 === 0;
      const labels = {
        theme: broken ? "aurora" : ["plain", "dark"][other % 2],
        owner: `u${other % 7}`,
      };
      await stage.submit(`other-${other}`, "site.render", { broken }, { labels });
    }
    const labels = { theme: culprit ? "aurora" : "plain", owner: "u3" };
    await stage.submit("job", "site.render", { broken: culprit }, { labels });
    return "/jobs/job/explain";
  },
  cause: [/template not found/, /theme\s*=\s*"?aurora/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "render" }],
};
