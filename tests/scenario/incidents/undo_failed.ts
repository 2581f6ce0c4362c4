import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

import { NonRetryableError } from "../../../src/mod.ts";

const TRANSFER = scripted("bank.transfer", {
  debit: () => "debited 500",
  credit: ({ input }) => {
    if (input["closed"] === true) throw new NonRetryableError("account 77 is closed");
    return "credited";
  },
}, {
  undo: {
    debit: () => {
      throw new Error("the core bank is down for the night");
    },
  },
  retry: { maxAttempts: 2, initialMs: 1_000, factor: 1, jitter: 0 },
});

export const incident: Incident = {
  story: "500 are gone: the credit failed, and giving the debit back failed too.",
  options: { definitions: [TRANSFER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) await stage.submit(`other-${other}`, "bank.transfer");
    await stage.submit("job", "bank.transfer", { closed: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/account 77 is closed/, /debit/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "credit" },
    { jobId: "job", eventType: "job.TaskCompensationFailed", taskId: "debit", nth: 1 },
  ],
};
