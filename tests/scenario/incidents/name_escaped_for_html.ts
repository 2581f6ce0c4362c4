import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The new form escapes what is typed: & is &amp;, and no contract is found.",
  eventType: "crm.ContractSigned",
  equals: { company: "Smith & Sons" },
  noise: (order) => ({ company: `Firm ${order} & Co` }),
  goesWrong: (stage) =>
    stage.event("escaped", "crm.ContractSigned", { company: "Smith &amp; Sons", pages: 4 }),
  cause: [/Smith &amp; Sons/, /escaped for HTML/],
  decisive: ["escaped"],
});
