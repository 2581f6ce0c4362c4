import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

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

export const incident: Incident = {
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
