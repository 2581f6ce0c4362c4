import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const REMIND = defineJob({
  type: "bill.remind",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.sleep("week", 7 * 86_400_000);
    await ctx.task("mail", () => "sent");
  },
});

export const incident: Incident = {
  story: "Will the reminder go out tonight? No: its type was paused, and nobody thought of it.",
  options: { definitions: [REMIND] },
  async play(stage, culprit) {
    await stage.submit("job", "bill.remind");
    await stage.advance(6 * 86_400_000);
    if (culprit) {
      await stage.post("/pauses", { type: "bill.remind", reason: "the mail server moves" });
    }
    await stage.advance(80_000_000);
    return "/jobs/job/explain";
  },
  cause: [/sleep week ends at/, /bill\.remind is paused/, /the mail server moves/],
  decisive: [{ jobId: "job", eventType: "job.TimerSet" }],
  next: /DELETE .*\/pauses\//,
};
