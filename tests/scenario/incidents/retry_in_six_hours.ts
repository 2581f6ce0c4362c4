import * as v from "valibot";
import { defineJob, RetryLater } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const sync = defineJob({
  type: "calendar.sync",
  version: 1,
  input: v.object({ limited: v.boolean() }),
  async run(ctx, { limited }) {
    const retry = { maxAttempts: 9, initialMs: 3_000, factor: 4, jitter: 0 } as const;
    await ctx.task("fetch", (task) => {
      if (limited && task.attempt === 3) throw new RetryLater(6 * 3_600_000);
      throw new Error("the calendar answered 503");
    }, { retry });
  },
});

export const incident: Incident = {
  story: "A sync does nothing for hours: its third attempt asked for six of them with RetryLater.",
  options: { definitions: [sync] },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) {
      await stage.submit(`other-${other}`, "calendar.sync", { limited: false });
    }
    await stage.submit("job", "calendar.sync", { limited: culprit });
    await stage.advance(20_000);
    return "/jobs/job/explain";
  },
  cause: [/6 h/, /RetryLater|asked for/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch", nth: 2 }],
  next: /jobs\/job\/wake/,
};
