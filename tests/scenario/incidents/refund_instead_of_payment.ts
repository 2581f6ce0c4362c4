import type { Incident } from "../incident.ts";

const SETTLED = "bank.TransferSettled";

export const incident: Incident = {
  story: "The transfer was sent back by the bank: another type, with this order in its text field.",
  async play(stage, culprit) {
    await stage.noise(15, SETTLED, (order) => ({ transfer: `T-${order}` }));
    await stage.plan("job", [
      { id: "settled", eventType: SETTLED, correlation: { equals: { transfer: "T-884422" } } },
    ]);
    if (culprit) {
      const attributes = { subject: "T-884422", reason: "account closed" };
      await stage.event("sent-back", "clearing.ReturnNotice", attributes);
    }
    await stage.noise(15, SETTLED, (order) => ({ transfer: `T-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/clearing\.ReturnNotice/, /T-884422/],
  decisive: ["sent-back"],
};
