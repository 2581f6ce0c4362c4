import type { Incident } from "../incident.ts";

const SIGNED = "legal.ContractSigned";

export const incident: Incident = {
  story: "A contract job took three days: all of it was the wait for one signature.",
  async play(stage, culprit) {
    await stage.noise(10, SIGNED, (order) => ({ contract: `C-${order}` }));
    await stage.plan("job", [
      { id: "signed", eventType: SIGNED, correlation: { equals: { contract: "C-LONG" } } },
    ]);
    await stage.advance(culprit ? 259_200_000 : 1_000);
    await stage.event("signature", SIGNED, { contract: "C-LONG" });
    return "/jobs/job/explain";
  },
  cause: [/3 d|72 h/, /wait/, /legal\.ContractSigned|signed/],
  decisive: ["signature"],
};
