import { wait } from "../incident_kit.ts";

const CONFIRMED = "users.AddressConfirmed";

export const incident = wait({
  story: "A customer confirmed with Anna.Berg@Example.com; the plan has it in lower case.",
  eventType: CONFIRMED,
  equals: { email: "anna.berg@example.com" },
  noise: (order) => ({ email: `user${order}@example.com` }),
  goesWrong: (stage) => stage.event("link", CONFIRMED, { email: "Anna.Berg@Example.com" }),
  cause: [/email/, /case/i],
  decisive: ["link"],
});
