import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "A payment went out with one of two signatures: the webhook was repeated with a new id.",
  async play(stage, culprit) {
    await stage.noise(9, "bank.Signed", (payment) => ({ payment: `A-${payment}` }));
    await stage.plan("job", [{
      id: "signed",
      eventType: "bank.Signed",
      correlation: { equals: { payment: "P-7" } },
      multiplicity: { times: 2 },
    }]);
    const signed = { payment: "P-7", by: "anna", at: "10:02" };
    await stage.event("hook-1", "bank.Signed", signed);
    await stage.event("hook-2", "bank.Signed", culprit ? signed : { ...signed, by: "ben" });
    return "/jobs/job/explain";
  },
  cause: [/hook-1 and hook-2/, /have the same content under different ids/],
  decisive: [
    { jobId: "job", eventType: "job.EventCorrelated", nth: 0 },
    { jobId: "job", eventType: "job.EventCorrelated", nth: 1 },
  ],
};
