import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const PAGES = scripted("report.pages", {
  render: ({ input }) => {
    if (input.isFull === true) throw new NonRetryableError("ENOSPC: no space left on device");
    return "rendered";
  },
});

const REPORT = scripted("report.make", {
  collect: () => {
    throw new NonRetryableError("job pages-1 failed");
  },
});

export const incident: Incident = {
  story: "A report failed since a job that it had submitted did: that one found no room.",
  options: { definitions: [PAGES, REPORT] },
  async play(stage, culprit) {
    await stage.submit("pages-1", "report.pages", { isFull: culprit });
    await stage.submit("job", "report.make");
    return "/jobs/job/explain";
  },
  cause: [/Job pages-1, which the error names, failed/, /ENOSPC: no space left/],
  decisive: [{ jobId: "pages-1", eventType: "job.TaskFailed" }],
};
