import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The bank's gateway passes the reference on as it stood in the address.",
  eventType: "bank.PaymentBooked",
  equals: { reference: "INV/2026/0042" },
  noise: (order) => ({ reference: `INV/2026/1${order}` }),
  goesWrong: (stage) =>
    stage.event("escaped", "bank.PaymentBooked", { reference: "INV%2F2026%2F0042" }),
  cause: [/INV%2F2026%2F0042/, /escaped for a URL/],
  decisive: ["escaped"],
});
