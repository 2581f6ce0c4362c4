import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const PAYOUT = scripted("bank.payout", {
  transfer: (about) => {
    if (about.input.isSlow === true) return hang(about);
    throw new Error("no such account");
  },
}, { timeoutMs: 1_000, retry: { maxAttempts: 3, initialMs: 50, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "The bank took longer than the time limit, thrice, and moved the money each time.",
  options: { definitions: [PAYOUT] },
  async play(stage, culprit) {
    await stage.submit("job", "bank.payout", { isSlow: culprit });
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/used up its attempts/, /took longer than 1000 ms/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", nth: 2 }],
  next: /First check what task transfer did.*Then retry it/s,
};
