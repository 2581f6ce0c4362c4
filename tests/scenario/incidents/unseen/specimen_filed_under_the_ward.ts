import type { Incident } from "../../incident.ts";

const REPORTED = "lab.ResultReported";

export const incident: Incident = {
  story:
    "The laboratory put the ward's job on the result of a patient, and the ward's job took it.",
  async play(stage, culprit) {
    await stage.noise(12, REPORTED, (order) => ({ specimen: `S-${order}` }));
    await stage.plan("ward-3", [{ id: "first", eventType: REPORTED, correlation: "any" }]);
    await stage.plan("job", [{
      id: "result",
      eventType: REPORTED,
      correlation: { equals: { specimen: "S-90417" } },
    }]);
    await stage.noise(2, REPORTED, (order) => ({ specimen: `S-${order}` }));
    if (culprit) {
      await stage.plan("ward-4", [{ id: "first", eventType: REPORTED, correlation: "any" }]);
      await stage.event("misfiled", REPORTED, { specimen: "S-90417", potassium: 6.1 }, {
        jobId: "ward-4",
      });
    }
    return "/jobs/job/explain";
  },
  cause: [/ward-4/, /S-90417/],
  decisive: ["misfiled"],
};
