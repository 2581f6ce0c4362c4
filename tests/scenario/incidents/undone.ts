/** Jobs that compensated, or could not. */

import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";
import { NonRetryableError } from "../../../src/mod.ts";

const BOOK = scripted("trip.book", {
  flight: () => "LH 400",
  hotel: ({ input }) => {
    if (input["full"] === true) throw new NonRetryableError("no room in June");
    return "room 12";
  },
}, { undo: { flight: () => {} } });

export const compensatedAndWhy: Incident = {
  story: "A flight was booked and given back: the hotel had no room.",
  options: { definitions: [BOOK], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) await stage.submit(`other-${other}`, "trip.book");
    await stage.submit("job", "trip.book", { full: culprit });
    return "/jobs/job/explain";
  },
  cause: [/hotel/, /no room in June/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "hotel" },
    { jobId: "job", eventType: "job.TaskCompensated", taskId: "flight" },
  ],
};

const stay = (hangs: boolean) =>
  scripted("hotel.stay", {
    room: () => "room 12",
    pay: () => {
      throw new NonRetryableError("the card was refused");
    },
  }, { undo: { room: (about) => hangs ? hang(about) : "free" } });

export const refundHangs: Incident = {
  story: "A job has been compensating since the night: the call that frees the room hangs.",
  options: { definitions: [stay(true)], maxRunning: 4 },
  async play(stage, culprit) {
    if (!culprit) await stage.crash({ definitions: [stay(false)] });
    await stage.submit("job", "hotel.stay", { room: 12 });
    await stage.advance(6 * 3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/compensation of task room has been in attempt 1/, /without a time limit/],
  decisive: [{ jobId: "job", eventType: "job.CompensationStarted", taskId: "room" }],
  next: /"leave":true/,
};

const TRANSFER = scripted("bank.transfer", {
  debit: () => "debited 500",
  credit: ({ input }) => {
    if (input["closed"] === true) throw new NonRetryableError("account 77 is closed");
    return "credited";
  },
}, {
  undo: {
    debit: () => {
      throw new Error("the core bank is down for the night");
    },
  },
  retry: { maxAttempts: 2, initialMs: 1_000, factor: 1, jitter: 0 },
});

export const undoFailed: Incident = {
  story: "500 are gone: the credit failed, and giving the debit back failed too.",
  options: { definitions: [TRANSFER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) await stage.submit(`other-${other}`, "bank.transfer");
    await stage.submit("job", "bank.transfer", { closed: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/account 77 is closed/, /debit/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "credit" },
    { jobId: "job", eventType: "job.TaskCompensationFailed", taskId: "debit", nth: 1 },
  ],
};

const trip = (isClosed: boolean) =>
  scripted("trip.book", {
    room: () => "room",
    charge: () => {
      throw new NonRetryableError("the card was refused");
    },
  }, {
    retry: { maxAttempts: 5, initialMs: 60_000, factor: 1, jitter: 0 },
    undo: {
      room: () => {
        if (isClosed) throw new Error("the hotel answers 500");
      },
    },
  });

export const undoIsRefusedAgainAndAgain: Incident = {
  story: "A trip is compensating for minutes: the hotel refuses to take the room back.",
  options: { definitions: [trip(true)] },
  async play(stage, culprit) {
    if (!culprit) await stage.crash({ definitions: [trip(false)] });
    await stage.submit("job", "trip.book");
    await stage.advance(70_000);
    return "/jobs/job/explain";
  },
  cause: [/compensation of task room failed in attempt 2 of 5/, /the hotel answers 500/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompensationFailed", taskId: "room", nth: 1 }],
  next: /jobs\/job\/wake/,
};

const VOYAGE = scripted("voyage.book", {
  hotel: ({ input }) => input["old"] === true ? { ref: "H-701" } : { bookingId: "H-701" },
  pay: () => {
    throw new NonRetryableError("card declined");
  },
}, {
  undo: {
    hotel: ({ input }) => {
      const what = input["old"] === true ? undefined : "H-701";
      throw new NonRetryableError(`DELETE https://hotels.test/bookings/${what} answered 404`);
    },
  },
});

export const cancelledTheBookingUndefined: Incident = {
  story: "A hotel stays booked: what should cancel it reads an id that the booking did not return.",
  options: { definitions: [VOYAGE] },
  async play(stage, culprit) {
    await stage.submit("job", "voyage.book", { old: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/card declined/, /bookings\/undefined answered 404; it was given \{"ref":"H-701"\}/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompensationFailed" }],
  next: /Undo by hand: hotel \(which returned \{"ref":"H-701"\}\)/,
};
