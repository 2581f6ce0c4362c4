import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "A delivery failed as too late, at six in the morning: no process ran since midnight.",
  async play(stage, culprit) {
    await stage.noise(9, "depot.Left", (parcel) => ({ parcel: `A-${parcel}` }));
    await stage.plan("job", [{
      id: "left",
      eventType: "depot.Left",
      correlation: { equals: { parcel: "P-1" } },
      within: { ms: 3_600_000, otherwise: "fail" },
    }]);
    if (culprit) {
      stage.daybook.clock.jump(6 * 3_600_000);
      await stage.crash();
    } else {
      await stage.advance(3_600_000);
    }
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/"left" was not met within 1 h/, /5 h passed before a process recorded it/],
  decisive: [{ jobId: "job", eventType: "job.DeadlinePassed" }],
};
