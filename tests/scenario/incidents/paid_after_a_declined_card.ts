import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "An order failed although it is paid: the customer's first card had been declined.",
  async play(stage, culprit) {
    const correlation = { equals: { order: "A-37" } };
    await stage.post("/jobs", {
      jobId: "job",
      plan: {
        expected: [{ id: "paid", eventType: "psp.PaymentSucceeded", correlation }],
        policy: { errors: [{ eventType: "psp.PaymentFailed", correlation }] },
      },
    });
    await stage.noise(9, "psp.PaymentSucceeded", (order) => ({ order: `A-1${order}` }));
    await stage.event("declined", "psp.PaymentFailed", { order: "A-37" });
    await stage.advance(40_000);
    if (culprit) await stage.event("paid", "psp.PaymentSucceeded", { order: "A-37" });
    return "/jobs/job/explain";
  },
  cause: [/psp\.PaymentFailed came/, /psp\.PaymentSucceeded for "paid" came/, /40 s after the job/],
  decisive: ["declined", "paid"],
};
