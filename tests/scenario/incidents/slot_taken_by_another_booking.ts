import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const BOOK = scripted("slot.book", {
  book: ({ jobId, input: { slot } }) => {
    if (jobId === "job") throw new NonRetryableError(`slot ${slot} is already taken`);
    return "booked";
  },
});

export const incident: Incident = {
  story: "A patient cannot book a slot, which another patient got twenty minutes before.",
  options: { definitions: [BOOK], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 1; other < 8; other++) {
      await stage.submit(`book-${other}`, "slot.book", { slot: `2026-05-01T0${other}:00` });
    }
    const slot = culprit ? "2026-05-01T10:00" : "2026-05-01T11:00";
    await stage.submit("taken", "slot.book", { slot, patient: "P-1" });
    await stage.advance(20 * 60_000);
    await stage.submit("job", "slot.book", { slot: "2026-05-01T10:00", patient: "P-2" });
    return "/jobs/job/explain";
  },
  cause: [
    /slot 2026-05-01T10:00 is already taken; .*\. Job taken \(slot\.book\), which also has "2026-05-01T10:00" at input\.slot, is Done since 2026-01-01T00:00:00\.000Z/,
  ],
  decisive: [
    { jobId: "taken", eventType: "job.JobCreated" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};
