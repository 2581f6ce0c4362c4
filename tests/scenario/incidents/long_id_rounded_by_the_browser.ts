import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The back office reads ids as numbers: the last digits of long ones are rounded.",
  eventType: "psp.PaymentCaptured",
  equals: { paymentId: "1786543210987654321" },
  noise: (order) => ({ paymentId: `17865432109876${60_000 + order}` }),
  goesWrong: (stage) =>
    stage.event("rounded", "psp.PaymentCaptured", { paymentId: "1786543210987654400" }),
  cause: [/1786543210987654400/, /rounded/],
  decisive: ["rounded"],
});
