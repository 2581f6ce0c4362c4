import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const PRICE = scripted("parcel.price", {
  price: ({ input }) => {
    const total = Number(input.weight) * 4.2;
    if (Number.isNaN(total)) throw new NonRetryableError("total is not a number");
    throw new NonRetryableError("no rate for that number");
  },
});

export const incident: Incident = {
  story: "A price cannot be computed: the form sent a weight as people of the country write it.",
  options: { definitions: [PRICE] },
  async play(stage, culprit) {
    await stage.submit("job", "parcel.price", { weight: culprit ? "2,5" : "2.5", zone: "3" });
    return "/jobs/job/explain";
  },
  cause: [/total is not a number; its input has weight = "2,5"/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
};
