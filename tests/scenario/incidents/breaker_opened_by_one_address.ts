import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const PUSH = defineJob({
  type: "hook.push",
  version: 1,
  input: v.object({ host: v.string() }),
  pauseAfter: { failures: 3, withinMs: 60_000, forMs: 600_000 },
  run: (ctx, { host }) =>
    ctx.task("push", (): string => {
      if (host === "hooks.acme.example") return "pushed";
      throw new NonRetryableError(`getaddrinfo ENOTFOUND ${host}`);
    }),
});

export const incident: Incident = {
  story: "The hooks of all customers wait, since one customer's address no longer exists.",
  options: { definitions: [PUSH] },
  async play(stage, culprit) {
    const host = "hooks.globex.example";
    for (const jobId of ["one", "two", "three"]) {
      if (culprit) await stage.submit(jobId, "hook.push", { host });
    }
    if (!culprit) await stage.post("/pauses", { type: "hook.push", reason: "a new release" });
    await stage.submit("job", "hook.push", { host: "hooks.acme.example" });
    return "/jobs/job/explain";
  },
  cause: [/began by itself when 3 attempts/, /ENOTFOUND hooks\.globex\.example/],
  decisive: [{ jobId: "three", eventType: "job.TaskFailed" }],
  next: /End the pause of type hook\.push/,
};
