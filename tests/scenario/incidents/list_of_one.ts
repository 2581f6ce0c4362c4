import { wait } from "../incident_kit.ts";

const CONFIRMED = "tours.SeatConfirmed";

export const incident = wait({
  story: "The booking system began to send lists: seats of one.",
  eventType: CONFIRMED,
  equals: { booking: "TR-7781" },
  noise: (order) => ({ booking: `TR-${order}` }),
  goesWrong: (stage) => stage.event("list", CONFIRMED, { bookings: ["TR-7781"] }),
  cause: [/bookings/],
  decisive: ["list"],
});
