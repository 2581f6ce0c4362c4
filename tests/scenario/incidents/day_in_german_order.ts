import { wait } from "../incident_kit.ts";

const BOOKED = "hotel.RoomBooked";

export const incident = wait({
  story: "The channel manager writes 27.11.2026 where the plan has 2026-11-27.",
  eventType: BOOKED,
  equals: { room: 214, arrival: "2026-11-27" },
  noise: (order) => ({ room: order, arrival: "2026-11-27" }),
  goesWrong: (stage) => stage.event("channel", BOOKED, { room: 214, arrival: "27.11.2026" }),
  cause: [/arrival/, /27\.11\.2026/, /date|day|form/i],
  decisive: ["channel"],
});
