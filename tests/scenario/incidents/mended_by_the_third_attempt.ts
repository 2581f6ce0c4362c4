import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const PULL = scripted("feed.pull", {
  fetch: ({ attempt, input }) => {
    if (input["flaky"] === true && attempt < 3) throw new Error("502 from the supplier");
    return "rows";
  },
}, { retry: { maxAttempts: 5, initialMs: 20_000, factor: 2, jitter: 0 } });

export const incident: Incident = {
  story: "A feed was an hour's talk at the meeting: it came a minute late, after two 502.",
  options: { definitions: [PULL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) await stage.submit(`other-${other}`, "feed.pull");
    await stage.submit("job", "feed.pull", { flaky: culprit });
    await stage.advance(200_000);
    return "/jobs/job/explain";
  },
  cause: [/fetch/, /502 from the supplier/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch", nth: 1 }],
};
