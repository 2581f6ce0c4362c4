import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import * as v from "valibot";

const QUOTE = scripted("rate.quote", { quote: () => "12.90" });

const RELEASED = defineJob({
  type: "rate.quote",
  version: 2,
  input: v.record(v.string(), v.unknown()),
  run: (ctx) => ctx.task("quote", hang, { timeoutMs: 30, retry: { maxAttempts: 1 } }),
});

const OLD = scripted("rate.quote", {
  quote: ({ jobId }) => {
    if (jobId === "job") throw new NonRetryableError("no carrier for this lane");
    return "12.90";
  },
});

export const incident: Incident = {
  story:
    "A release gave a time limit in seconds where milliseconds are meant. Its first job fails.",
  options: { definitions: [QUOTE] },
  async play(stage, culprit) {
    for (let lane = 0; lane < 12; lane++) await stage.submit(`q-${lane}`, "rate.quote", { lane });
    await stage.crash({ definitions: [culprit ? RELEASED : OLD] });
    await stage.submit("job", "rate.quote", { lane: 20 });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [
    /took longer than 30 ms\. This job has version = 2, where all 12 that went through have 1\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "quote" }],
};
