import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident, Stage } from "../incident.ts";

const PAGES = 30;
const clock: { stage?: Stage } = {};

const CRAWL = defineJob({
  type: "site.crawl",
  version: 1,
  input: v.object({ ms: v.number() }),
  async run(ctx, { ms }) {
    for (let page = 1; page <= PAGES; page++) {
      await ctx.task(`page-${page}`, () =>
        new Promise<number>((done) => {
          clock.stage?.daybook.clock.setTimer(ms, () => done(page));
        }));
    }
  },
});

export const incident: Incident = {
  story: "A crawl took a minute: no page was slow by itself, but each took two seconds.",
  options: { definitions: [CRAWL] },
  async play(stage, culprit) {
    clock.stage = stage;
    for (let site = 0; site < 6; site++) {
      await stage.submit(`crawl-${site}`, "site.crawl", { ms: 50 });
      await stage.advance(5_000);
    }
    await stage.submit("job", "site.crawl", { ms: culprit ? 2_000 : 60 });
    await stage.advance(120_000);
    return "/jobs/job/explain";
  },
  cause: [
    /after 1 min, where the 6 of its type before it took 1\.5 s in the median: 1 min in task page-1 and 29 like it\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "page-1" }],
};
