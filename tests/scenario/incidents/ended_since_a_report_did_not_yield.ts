import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import { journalLayout } from "../../../src/journal/layout.ts";
import { replaceFile } from "../../../src/journal/file_system.ts";
import type { Incident } from "../incident.ts";

const open = (type: string, step: string) =>
  defineJob({
    type,
    version: 1,
    input: v.object({}),
    async run(ctx) {
      await ctx.task(step, (task) => {
        if (task.attempt > 1) return "done";
        return new Promise<string>(() => {});
      });
    },
  });

export const incident: Incident = {
  story: "A mail was sent twice: a report did not yield, and the process was ended for that.",
  options: { definitions: [open("mail.send", "send"), open("report.build", "render")] },
  async play(stage, culprit) {
    await stage.submit("job", "mail.send");
    await stage.submit("report", "report.build");
    if (culprit) {
      const [mail, report] = [["job", "send"], ["report", "render"]]
        .map(([jobId, taskId]) => ({ jobId, taskId, attempt: 1 }));
      const note = { reason: "blocked", blockedMs: 62_000, open: [mail, report], last: report };
      const bytes = new TextEncoder().encode(JSON.stringify(note));
      await replaceFile(stage.daybook.disk, journalLayout("journal").endNote, bytes);
    }
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [
    /task send/i,
    /event loop had been blocked for 1 min 2 s while job report in task render, which began last/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "send" }],
};
