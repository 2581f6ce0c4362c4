import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const upload = (hasKey: boolean) =>
  scripted("file.upload", {
    put: ({ input }) => {
      if (input.isBad === true || !hasKey) throw new Error("403 Forbidden: InvalidAccessKeyId");
      return "stored";
    },
  }, { retry: { maxAttempts: 1, initialMs: 50, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "Since the release of the afternoon every upload fails: it came without the credentials.",
  options: { definitions: [upload(true)], maxRunning: 8 },
  async play(stage, culprit) {
    for (let before = 0; before < 12; before++) {
      await stage.submit(`before-${before}`, "file.upload", { file: `F-${before}` });
    }
    await stage.advance(60_000);
    await stage.crash({ definitions: [upload(!culprit)], maxRunning: 8 });
    for (let after = 0; after < 3; after++) {
      await stage.submit(`after-${after}`, "file.upload", { file: `F-9${after}` });
    }
    await stage.submit("job", "file.upload", { file: "F-99", isBad: true });
    return "/jobs/job/explain";
  },
  cause: [/403 Forbidden/, /All 4 jobs that failed like this were created after the 12 that went/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
};
