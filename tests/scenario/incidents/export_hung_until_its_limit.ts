import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const EXPORT = scripted("report.export", {
  collect: () => "rows",
  upload: (about) => about.input["hangs"] === true && about.attempt === 1 ? hang(about) : "sent",
}, { timeoutMs: 120_000, retry: { maxAttempts: 3, initialMs: 10_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "One export took over two minutes where all others take none: an upload hung.",
  options: { definitions: [EXPORT], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) await stage.submit(`other-${other}`, "report.export");
    await stage.submit("job", "report.export", { hangs: culprit });
    await stage.advance(300_000);
    return "/jobs/job/explain";
  },
  cause: [/upload/, /limit/, /2 min|120(\.0)? s/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "upload" }],
};
