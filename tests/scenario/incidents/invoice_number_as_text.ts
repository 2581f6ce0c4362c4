import type { Incident } from "../incident.ts";

const BOOKED = "ledger.InvoiceBooked";

export const incident: Incident = {
  story: "The ledger sends the invoice number as a number with zeros cut; the plan has text.",
  async play(stage, culprit) {
    await stage.noise(15, BOOKED, (order) => ({ invoice: `1${order}00`, year: 2026 }));
    await stage.plan("job", [
      { id: "booked", eventType: BOOKED, correlation: { equals: { invoice: "4711", year: 2026 } } },
    ]);
    if (culprit) await stage.event("booking", BOOKED, { invoice: 4711, year: 2026 });
    await stage.noise(25, BOOKED, (order) => ({ invoice: `1${order}00`, year: 2026 }));
    return "/jobs/job/explain";
  },
  cause: [/invoice/, /number/, /text/],
  decisive: ["booking"],
};
