import type { Incident } from "../incident.ts";

const PAID = "billing.payment.PaymentReceived";

export const incident: Incident = {
  story: "The bank writes ö as o and a diaeresis; the shop as one character.",
  async play(stage, culprit) {
    await stage.noise(12, PAID, (order) => ({ payer: `Kunde ${order}` }));
    await stage.plan("job", [
      {
        id: "paid",
        eventType: PAID,
        correlation: { equals: { payer: "Jo\u0308rg Köhler".normalize("NFC") } },
      },
    ]);
    if (culprit) await stage.event("from-bank", PAID, { payer: "Jörg Köhler".normalize("NFD") });
    await stage.noise(12, PAID, (order) => ({ payer: `Kunde ${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/unicode|normali[sz]|code point|U\+0308/i, /payer/],
  decisive: ["from-bank"],
};
