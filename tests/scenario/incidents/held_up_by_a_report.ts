import * as v from "valibot";
import type { JobId, TaskId } from "../../../src/core/ids.ts";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const MAIL = defineJob({
  type: "mail.send",
  version: 1,
  input: v.record(v.string(), v.unknown()),
  async run(ctx) {
    await ctx.sleep("a-moment", 100);
    return await ctx.task("send", () => "sent");
  },
});

export const incident: Incident = {
  story: "A mail took four seconds: a report that does not yield kept everything else waiting.",
  options: { definitions: [MAIL, scripted("report.build", { render: () => "pages" })] },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) await stage.submit(`mail-${other}`, "mail.send");
    await stage.submit("job", "mail.send");
    const { clock, engine } = stage.daybook;
    clock.block(4_000);
    await stage.submit("report", "report.build");
    const open = [{ jobId: "report" as JobId, taskId: "render" as TaskId, attempt: 1 }];
    if (culprit) engine.processFacts.loopBlocked({ blockedMs: 4_000, open });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [/event loop was blocked for 4 s/, /job report in task render did not yield/],
  decisive: [],
};
