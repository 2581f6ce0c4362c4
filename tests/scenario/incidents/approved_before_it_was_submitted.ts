import { wait } from "../incident_kit.ts";

const APPROVED = "procure.OrderApproved";

export const incident = wait({
  story: "The approval came a minute before the job was there.",
  eventType: APPROVED,
  equals: { purchase: "PO-3313" },
  noise: (order) => ({ purchase: `PO-${order}` }),
  before: async (stage, culprit) => {
    if (culprit) await stage.event("early", APPROVED, { purchase: "PO-3313" });
    await stage.advance(60_000);
  },
  cause: [/before/, /PO-3313|procure\.OrderApproved/],
  decisive: ["early"],
});
