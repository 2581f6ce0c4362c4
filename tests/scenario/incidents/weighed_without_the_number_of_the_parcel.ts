import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const WEIGH = defineJob({
  type: "depot.weigh",
  version: 1,
  input: v.record(v.string(), v.unknown()),
  run: (ctx, { parcel }) =>
    ctx.task("weigh", (task) => {
      task.emit("depot.Weighed", parcel === undefined ? { kg: 3 } : { kg: 3, parcel: `${parcel}` });
    }),
});

export const incident: Incident = {
  story: "The scales sent a weight without the number of the parcel, which they got misspelt.",
  options: { definitions: [WEIGH], maxRunning: 8 },
  async play(stage, culprit) {
    const plan = (jobId: string, parcel: string) =>
      stage.plan(jobId, [{
        id: "weighed",
        eventType: "depot.Weighed",
        correlation: { equals: { parcel } },
      }]);
    for (let nth = 10; nth < 17; nth++) {
      await plan(`bill-${nth}`, `JJD00${nth}`);
      await stage.submit(`weigh-${nth}`, "depot.weigh", { parcel: `JJD00${nth}` });
    }
    await plan("job", "JJD0020");
    if (culprit) await stage.submit("misspelt", "depot.weigh", { parcelNr: "JJD0020" });
    return "/jobs/job/explain";
  },
  cause: [
    /job misspelt, which has "JJD0020" at input\.parcelNr, is Done since \S+, and has sent one without "JJD0020"\./,
  ],
  decisive: [
    { jobId: "misspelt", eventType: "job.JobCreated" },
    { jobId: "misspelt", eventType: "job.TaskCompleted", taskId: "main" },
  ],
};
