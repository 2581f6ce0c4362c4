import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SEAL = defineJob({
  type: "batch.seal",
  version: 1,
  input: v.object({ batch: v.object({ no: v.string() }) }),
  run: (ctx, { batch }) =>
    ctx.task("seal", (task) => task.emit("batch.Sealed", { batchNo: batch.no })),
});

export const incident: Incident = {
  story: "A shipment waits for its batch to be sealed; nobody submitted the job that does so.",
  options: { definitions: [SEAL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`seal-${other}`, "batch.seal", { batch: { no: `B-${other}` } });
    }
    const eventType = culprit ? "batch.Sealed" : "batch.Weighed";
    await stage.plan("job", [{
      id: "sealed",
      eventType,
      correlation: { equals: { batchNo: "B-99" } },
    }]);
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [
    /others came from task seal of jobs of type batch\.seal/,
    /no job of that type was given "B-99"/,
  ],
  decisive: [],
};
