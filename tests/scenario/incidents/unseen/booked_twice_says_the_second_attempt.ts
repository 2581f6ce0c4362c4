import { NonRetryableError } from "../../../../src/mod.ts";
import type { Incident } from "../../incident.ts";
import { hang, scripted } from "../../incident_kit.ts";

const BOOK = scripted("parcel.book", {
  book: (about) => {
    if (about.input.parcel !== 8812) return "booked";
    if (about.attempt === 1) return hang(about);
    throw new NonRetryableError("parcel 8812 is already booked");
  },
});

export const incident: Incident = {
  story: "The process was killed while it booked; the second attempt failed on what the first did.",
  options: { definitions: [BOOK] },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`parcel-${other}`, "parcel.book", { parcel: other });
    }
    await stage.submit("job", "parcel.book", { parcel: culprit ? 8812 : 8813 });
    await stage.advance(2_000);
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/attempt 1/i, /crash|killed|process|unclean|cut short/i, /already booked/],
  decisive: [
    { jobId: "job", eventType: "job.TaskInterrupted", taskId: "book" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};
