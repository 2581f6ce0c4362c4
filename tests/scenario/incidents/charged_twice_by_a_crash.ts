import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const charge = defineJob({
  type: "card.charge",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved");
    await ctx.task("charge", (task) => {
      if (task.attempt > 1) return "charged";
      return new Promise<string>(() => {});
    });
  },
});

export const incident: Incident = {
  story: "The customer was charged twice: the process died while the charge was on its way.",
  options: { definitions: [charge] },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "card.charge");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/charge/, /twice/, /crash|process (ended|died|was killed)|cut short|interrupted/i],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "charge" }],
};
