import { wait } from "../incident_kit.ts";

const SYNCED = "crm.AccountSynced";

export const incident = wait({
  story: "The same account number exists at two tenants; only the other one's was synced.",
  eventType: SYNCED,
  equals: { tenant: "alpha", account: "AC-20413" },
  noise: (order) => ({ tenant: "alpha", account: `AC-${order}` }),
  goesWrong: (stage) => stage.event("beta", SYNCED, { tenant: "beta", account: "AC-20413" }),
  cause: [/tenant/, /beta/],
  decisive: ["beta"],
});
