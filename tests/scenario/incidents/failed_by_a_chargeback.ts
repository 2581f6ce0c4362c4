import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "An order failed an hour after it was paid: a chargeback came, which its policy names.",
  async play(stage, culprit) {
    const correlation = { equals: { order: "O-3" } };
    await stage.post("/jobs", {
      jobId: "job",
      plan: {
        expected: [{ id: "shipped", eventType: "shop.ParcelShipped", correlation }],
        policy: { errors: [{ eventType: "bank.ChargebackReceived", correlation }] },
      },
    });
    for (let other = 0; other < 12; other++) {
      await stage.event(`cb-${other}`, "bank.ChargebackReceived", { order: `O-1${other}` });
    }
    if (culprit) await stage.event("cb", "bank.ChargebackReceived", { order: "O-3" });
    return "/jobs/job/explain";
  },
  cause: [/bank\.ChargebackReceived/],
  decisive: ["cb"],
  innocent: ["cb-3", "cb-11"],
};
