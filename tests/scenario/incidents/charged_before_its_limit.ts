import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const CHARGE = scripted("bank.charge", {
  charge: (about) => {
    if (about.attempt === 1 && about.input.isSlow === true) return hang(about);
    if (about.attempt === 1) throw new Error("connection refused");
    throw new NonRetryableError("409 Conflict: charge already exists");
  },
}, { timeoutMs: 1_000, retry: { maxAttempts: 3, initialMs: 50, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "The bank says that the charge exists: it was made by an attempt that the limit cut off.",
  options: { definitions: [CHARGE] },
  async play(stage, culprit) {
    await stage.submit("job", "bank.charge", { isSlow: culprit });
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/already exists/, /time limit had cut off attempt 1 of task charge: what that had begun/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
  next: /First check what task charge did.*Then retry it/s,
};
