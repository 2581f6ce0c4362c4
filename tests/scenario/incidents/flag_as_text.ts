import { wait } from "../incident_kit.ts";

const CHECKED = "kyc.IdentityChecked";

export const incident = wait({
  story: 'A form sends "true" in quotes.',
  eventType: CHECKED,
  equals: { person: "P-3391", passed: true },
  noise: (order) => ({ person: `P-${order}`, passed: true }),
  goesWrong: (stage) => stage.event("form", CHECKED, { person: "P-3391", passed: "true" }),
  cause: [/passed/, /"true"|text/],
  decisive: ["form"],
});
