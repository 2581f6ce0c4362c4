import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "A scan at the gate came twenty seconds before the job that waits for it was created.",
  async play(stage, culprit) {
    await stage.noise(12, "port.Gated", (order) => ({ container: `MSKU10${order}` }));
    const equals = { container: "MSKU7705" };
    await stage.event("scan", "port.Gated", equals);
    await stage.advance(20_000);
    const correlation = { equals: culprit ? equals : { container: "MSKU7706" } };
    await stage.plan("job", [{ id: "gated", eventType: "port.Gated", correlation }]);
    return "/events/scan/explain";
  },
  cause: [
    /reached no job\. Expectation gated of job job would match, but the job was created after it\./,
  ],
  decisive: ["scan", { jobId: "job", eventType: "job.JobCreated" }],
};
