import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SEND = defineJob({
  type: "invoice.send",
  version: 1,
  input: v.object({ invoice: v.number(), channel: v.string() }),
  async run(ctx, { channel }) {
    await ctx.task("render", () => "pdf");
    if (channel === "email") await ctx.task("mail", () => "250 ok");
  },
});

export const incident: Incident = {
  story: "A customer got no invoice, though its job is Done: the channel is spelt differently.",
  options: { definitions: [SEND], maxRunning: 8 },
  async play(stage, culprit) {
    for (let invoice = 0; invoice < 12; invoice++) {
      await stage.submit(`inv-${invoice}`, "invoice.send", { invoice, channel: "email" });
    }
    const channel = culprit ? "e-mail" : "email";
    await stage.submit("job", "invoice.send", { invoice: 77, channel });
    return "/jobs/job/explain";
  },
  cause: [
    /Done since .*\. This job has not run task mail, which all 12 that went through have; it has input\.channel = "e-mail", where all others have "email"\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
