import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "A clerk typed the reference with the letter O for a zero: the payment found no order.",
  eventType: "bank.PaymentReceived",
  equals: { reference: "R-400" },
  noise: (order) => ({ reference: `R-${500 + order}`, currency: "EUR" }),
  goesWrong: (stage) =>
    stage.event("typed", "bank.PaymentReceived", { reference: "R-40O", currency: "EUR" }),
  cause: [/"R-400"/, /"R-40O"/, /one letter off/],
  decisive: ["typed"],
});
