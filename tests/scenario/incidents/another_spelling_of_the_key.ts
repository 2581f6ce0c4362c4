import type { Incident } from "../incident.ts";

const SIGNED = "crm.ContractSigned";

export const incident: Incident = {
  story: "The CRM sends contract_id; the plan asks about contractId.",
  async play(stage, culprit) {
    await stage.noise(9, SIGNED, (order) => ({ contractId: `C-${order}`, region: "north" }));
    await stage.plan("job", [{
      id: "signed",
      eventType: SIGNED,
      correlation: { equals: { contractId: "C-90210", region: "north" } },
    }]);
    if (culprit) {
      await stage.event("signature", SIGNED, { contract_id: "C-90210", region: "north" });
    }
    await stage.noise(30, SIGNED, (order) => ({ contractId: `C-${order}`, region: "north" }));
    return "/jobs/job/explain";
  },
  cause: [/contract_id/],
  decisive: ["signature"],
};
