import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const send = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({ hangs: v.boolean() }),
  async run(ctx, { hangs }) {
    const retry = { maxAttempts: 3, initialMs: 8_000, factor: 1, jitter: 0 } as const;
    await ctx.task("send", (task) => {
      if (!hangs || task.attempt > 1) return "sent";
      return new Promise<string>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason))
      );
    }, { timeoutMs: 30_000, retry });
  },
});

export const incident: Incident = {
  story: "A mail took 38 seconds where others take none: the first attempt hung until its limit.",
  options: { definitions: [send], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`other-${other}`, "mail.send", { hangs: false });
    }
    await stage.submit("job", "mail.send", { hangs: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/38(\.0)? s/, /30(\.0)? s/, /limit/, /send/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
};
