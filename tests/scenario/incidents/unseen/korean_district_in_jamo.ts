import { wait } from "../../incident_kit.ts";

const DISTRICT = "강남구";

export const incident = wait({
  story: "A registry on a Mac sends the name of a district taken apart into its letters.",
  eventType: "kr.registry.MoveRegistered",
  equals: { "household.district": DISTRICT, "household.unit": 1804 },
  noise: (order) => ({ file: order, household: { district: "서초구", unit: 3000 + order } }),
  goesWrong: (stage) =>
    stage.event("from-the-mac", "kr.registry.MoveRegistered", {
      household: { district: DISTRICT.normalize("NFD"), unit: 1804 },
    }),
  cause: [/district/, /U\+[0-9A-F]{4}/i],
  decisive: ["from-the-mac"],
});
