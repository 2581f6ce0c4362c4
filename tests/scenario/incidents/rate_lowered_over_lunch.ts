import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const MAIL = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({}),
  limits: { rate: { count: 100, perMs: 60_000 } },
  run: (ctx) => ctx.task("send", () => "sent"),
});

export const incident: Incident = {
  story: "Nothing is sent and no worker is busy: a colleague has lowered the rate to one an hour.",
  options: { definitions: [MAIL], maxRunning: 4 },
  async play(stage, culprit) {
    await stage.submit("before", "mail.send");
    await stage.advance(600_000);
    if (culprit) {
      await stage.daybook.app.request("http://127.0.0.1:8000/limits/mail.send", {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rate: { count: 1, perMs: 3_600_000 }, reason: "blocked" }),
      });
    }
    for (const jobId of ["first", "job"]) await stage.submit(jobId, "mail.send");
    await stage.advance(300_000);
    return "/queue/explain";
  },
  cause: [/Nothing is running/, /rate, as changed at 2026-01-01T00:10/],
  decisive: [{ jobId: "before", eventType: "job.TaskStarted", taskId: "main" }],
  next: /DELETE .*\/limits\/mail\.send/,
};
