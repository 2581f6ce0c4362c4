import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const crawl = defineJob({
  type: "web.crawl",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task(
      "crawl",
      (task) =>
        new Promise<void>((_, reject) =>
          task.signal.addEventListener("abort", () => reject(task.signal.reason))
        ),
    );
  },
});
const quick = defineJob({
  type: "web.quick",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("do", () => "done");
  },
});

export const incident: Incident = {
  story: "Nothing runs: two crawls without a time limit have held both workers for two hours.",
  options: { definitions: [crawl, quick], maxRunning: 2 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) await stage.submit(`before-${other}`, "web.quick");
    if (culprit) {
      await stage.submit("crawl-a", "web.crawl");
      await stage.submit("crawl-b", "web.crawl");
    }
    await stage.advance(7_200_000);
    await stage.submit("job", "web.quick");
    return "/jobs/job/explain";
  },
  cause: [/crawl-a/, /crawl-b/, /2 h/],
  decisive: [{ jobId: "crawl-a", eventType: "job.TaskStarted", taskId: "crawl" }],
  next: /jobs\/crawl-[ab]\/cancel/,
};
