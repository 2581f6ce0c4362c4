import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "A payment has no effect: the customer had cancelled the order two hours before.",
  async play(stage, culprit) {
    await stage.noise(12, "psp.Paid", (order) => ({ order: `N-${order}` }));
    const equals = { order: "K-55" };
    const expected = [{ id: "paid", eventType: "psp.Paid", correlation: { equals } }];
    await stage.plan("job", expected);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "customer changed their mind" });
    await stage.advance(2 * 3_600_000);
    await stage.event("late", "psp.Paid", equals);
    return "/events/late/explain";
  },
  cause: [
    /Expectation paid of job job would match, but the job is Failed since entry \d+/,
  ],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
  next: /It was cancelled at\s2026-01-01T00:00:00\.000Z\s\(reason: customer changed their mind\)/,
};
