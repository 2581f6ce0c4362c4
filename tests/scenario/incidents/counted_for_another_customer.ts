import { wait } from "../incident_kit.ts";

const PAID = "shop.DepositPaid";

export const incident = wait({
  story: "A clerk picked the wrong job in a form, where any deposit counts: now two are wrong.",
  eventType: PAID,
  equals: { customer: "K-100", purpose: "deposit" },
  noise: (order) => ({ customer: `K-7${order}`, purpose: "deposit" }),
  before: (stage) =>
    stage.plan("other-customer", [{ id: "paid", eventType: PAID, correlation: "any" }]),
  goesWrong: (stage) => {
    const attributes = { customer: "K-100", purpose: "deposit" };
    return stage.event("clerk", PAID, attributes, { jobId: "other-customer" });
  },
  cause: [/other-customer/],
  decisive: ["clerk"],
});
