import type { Incident } from "../../incident.ts";

export const incident: Incident = {
  story: "The payment service uses the number of the invoice as the id of each of its events.",
  async play(stage, culprit) {
    await stage.noise(15, "psp.PaymentCaptured", (order) => ({ payment: `PAY-${order}` }));
    await stage.plan("job", [{
      id: "captured",
      eventType: "psp.PaymentCaptured",
      correlation: { equals: { payment: "PAY-3307" } },
    }]);
    await stage.event("inv-3307", "psp.PaymentAuthorised", { payment: "PAY-3307", cents: 12_900 });
    if (culprit) {
      await stage.eventOrRefusal("inv-3307", "psp.PaymentCaptured", {
        payment: "PAY-3307",
        cents: 12_900,
      });
    }
    await stage.noise(15, "psp.PaymentCaptured", (order) => ({ payment: `PAY-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/inv-3307/, /refused|rejected|on record|twice|reused/i],
  decisive: ["inv-3307"],
};
