import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const BOOK = scripted("trip.book", {
  flight: () => "LH 400",
  hotel: ({ input }) => {
    if (input["full"] === true) throw new NonRetryableError("no room in June");
    return "room 12";
  },
}, { undo: { flight: () => {} } });

export const incident: Incident = {
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
