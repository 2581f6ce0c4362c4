import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const booking = () => {
  const booked = new Set<unknown>();
  return scripted("air.book", {
    book: ({ input: { pnr, full } }) => {
      if (full === true || booked.has(pnr)) throw new NonRetryableError("409: already booked");
      booked.add(pnr);
      return "booked";
    },
  });
};

export const incident: Incident = {
  story: "A script submitted one booking twice; the second fails on what the first did.",
  options: { definitions: [booking()] },
  async play(stage, culprit) {
    await stage.crash({ definitions: [booking()] });
    for (let other = 0; other < 10; other++) {
      await stage.submit(`book-${other}`, "air.book", { pnr: `X7K2L${other}` });
    }
    if (culprit) {
      await stage.submit("first", "air.book", { pnr: "QQ81ZZ" });
      await stage.advance(2_000);
    }
    await stage.submit("job", "air.book", { pnr: "QQ81ZZ", ...culprit ? {} : { full: true } });
    return "/jobs/job/explain";
  },
  cause: [/409: already booked/, /Job first of the same type got the same input 2 s before it/],
  decisive: [
    { jobId: "first", eventType: "job.JobCreated" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};
