import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const publish = defineJob({
  type: "catalog.publish",
  version: 1,
  input: v.object({ tenant: v.string(), items: v.number() }),
  async run(ctx, { tenant }) {
    await ctx.task("publish", () => {
      if (tenant === "nordwind") throw new NonRetryableError("the feed was refused");
      return "published";
    });
  },
});

const TENANTS = ["alpen", "baltik", "corso", "delta"];

export const incident: Incident = {
  story: "Only the catalogs of one tenant fail, and nobody sees it among the others.",
  options: { definitions: [publish], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 40; other++) {
      const tenant = culprit && other % 8 === 3 ? "nordwind" : TENANTS[other % 4];
      const more = { labels: { tenant, source: "nightly" } };
      await stage.submit(`other-${other}`, "catalog.publish", { tenant, items: other }, more);
    }
    const tenant = culprit ? "nordwind" : "alpen";
    const more = { labels: { tenant, source: "nightly" } };
    await stage.submit("job", "catalog.publish", { tenant, items: 7 }, more);
    return "/jobs/job/explain";
  },
  cause: [/the feed was refused/, /tenant\s*=\s*"?nordwind/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "publish" }],
};
