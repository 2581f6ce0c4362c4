import { wait } from "../incident_kit.ts";

const CREATED = "crm.LeadQualified";

export const incident = wait({
  story: "The sender's new release appends a version to its types.",
  eventType: CREATED,
  equals: { lead: "L-66012" },
  noise: (order) => ({ lead: `L-${order}` }),
  goesWrong: (stage) => stage.event("release", "crm.LeadQualified.v2", { lead: "L-66012" }),
  cause: [/crm\.LeadQualified\.v2/, /type/i],
  decisive: ["release"],
});
