import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const LONG = scripted("video.encode", {
  encode: (about) => about.attempt === 1 ? hang(about) : "encoded",
});

export const incident: Incident = {
  story: "Three encodings began again at the same minute: one crash cut all of them short.",
  options: { definitions: [LONG], maxRunning: 4 },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    for (const jobId of ["a", "job", "b"]) await stage.submit(jobId, "video.encode");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/encode/, /twice|crash|cut short|interrupted/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "encode" }],
};
