import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const trip = (hangs: boolean) =>
  scripted("trip.pay", {
    pay: () => "paid",
    seat: ({ input }) => {
      if (input.full === true) throw new NonRetryableError("no seat is left");
      return "seat";
    },
  }, { undo: { pay: (about) => hangs ? hang(about) : "refunded" } });

export const incident: Incident = {
  story: "The process was killed while it refunded, and refunded again after its restart.",
  options: { definitions: [trip(true)] },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`trip-${other}`, "trip.pay");
    if (!culprit) await stage.crash({ definitions: [trip(false)] });
    await stage.submit("job", "trip.pay", { full: true });
    await stage.advance(5_000);
    if (culprit) await stage.crash({ definitions: [trip(false)] });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/no seat is left/, /compensation of task pay may have happened twice/],
  decisive: [
    { jobId: "job", eventType: "job.TaskInterrupted", taskId: "pay" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "seat" },
  ],
};
