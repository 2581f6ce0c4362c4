import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The bank's file has room for twelve characters of the reference.",
  eventType: "bank.TransferBooked",
  equals: { reference: "RE-2026-0000481" },
  noise: (order) => ({ reference: `RE-2025-00009${order}` }),
  goesWrong: (stage) =>
    stage.event("cut", "bank.TransferBooked", { reference: "RE-2026-0000", amount: 12 }),
  cause: [/"RE-2026-0000"/, /cut off/],
  decisive: ["cut"],
});
