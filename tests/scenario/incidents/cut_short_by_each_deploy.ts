import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const CRAWL = scripted("web.crawl", { crawl: (about) => hang(about) }, { timeoutMs: 7_200_000 });

export const incident: Incident = {
  story: "A crawl takes an hour and never ends: each deploy of the day has cut it short.",
  options: { definitions: [CRAWL], maxRunning: 4 },
  async play(stage, culprit) {
    await stage.submit("job", "web.crawl");
    for (let deploy = 0; culprit && deploy < 3; deploy++) {
      await stage.advance(1_200_000);
      void stage.daybook.engine.stop(0);
      await stage.advance(10);
      await stage.crash();
    }
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/attempts 1, 2 and 3 were cut short/, /the process stopped/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "crawl", nth: 2 }],
  next: /continues until it ends, at/,
};
