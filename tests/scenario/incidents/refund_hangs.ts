import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const stay = (hangs: boolean) =>
  scripted("hotel.stay", {
    room: () => "room 12",
    pay: () => {
      throw new NonRetryableError("the card was refused");
    },
  }, { undo: { room: (about) => hangs ? hang(about) : "free" } });

export const incident: Incident = {
  story: "A job has been compensating since the night: the call that frees the room hangs.",
  options: { definitions: [stay(true)], maxRunning: 4 },
  async play(stage, culprit) {
    if (!culprit) await stage.crash({ definitions: [stay(false)] });
    await stage.submit("job", "hotel.stay", { room: 12 });
    await stage.advance(6 * 3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/compensation of task room is in attempt 1/, /without a time limit/],
  decisive: [{ jobId: "job", eventType: "job.CompensationStarted", taskId: "room" }],
  next: /"leave":true/,
};
