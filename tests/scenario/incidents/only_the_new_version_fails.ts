import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const LABEL = scripted("label.print", {
  print: ({ input }) => {
    if (input["printer"] === "zebra-9") throw new NonRetryableError("unknown command ^XZ2");
    return "printed";
  },
});

export const incident: Incident = {
  story: "Labels fail now and then: always those that went to the new printer.",
  options: { definitions: [LABEL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 48; other++) {
      const printer = culprit && other % 6 === 0 ? "zebra-9" : `zebra-${other % 5}`;
      await stage.submit(`other-${other}`, "label.print", { printer, copies: other % 3 });
    }
    const printer = culprit ? "zebra-9" : "zebra-1";
    await stage.submit("job", "label.print", { printer, copies: 1 });
    return "/jobs/job/explain";
  },
  cause: [/unknown command/, /printer\s*=\s*"?zebra-9/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "print" }],
};
