import { wait } from "../incident_kit.ts";

const ISSUED = "sales.invoice.InvoiceIssued";

export const incident = wait({
  story: "Finance took over invoicing, and with it the first part of the type.",
  eventType: ISSUED,
  equals: { order: "SO-9917" },
  noise: (order) => ({ order: `SO-${order}` }),
  goesWrong: (stage) =>
    stage.event("finance", "finance.invoice.InvoiceIssued", { order: "SO-9917" }),
  cause: [/finance\.invoice\.InvoiceIssued/, /type/i],
  decisive: ["finance"],
});
