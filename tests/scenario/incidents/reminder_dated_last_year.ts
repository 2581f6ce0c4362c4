import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const REMIND = defineJob({
  type: "mail.remind",
  version: 1,
  input: v.object({ due: v.string() }),
  async run(ctx, { due }) {
    await ctx.sleep("until-due", { until: new Date(due) });
    await ctx.task("send", () => "sent");
  },
});

export const incident: Incident = {
  story: "A reminder went out at once, as someone had typed last year's date.",
  options: { definitions: [REMIND] },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) {
      await stage.submit(`mail-${other}`, "mail.remind", { due: "2026-01-01T00:30:00Z" });
    }
    const due = culprit ? "2025-01-09T09:00:00Z" : "2026-01-01T00:40:00Z";
    await stage.submit("job", "mail.remind", { due });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/until-due/, /2025-01-09T09:00:00\.000Z/, /had passed when run asked for it/],
  decisive: [{ jobId: "job", eventType: "job.TimerSet" }],
};
