import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const REFUND = scripted("refund.pay", {
  check: () => "ok",
  pay: ({ input }) => {
    if (input.iban === "PL61109010140000071219812874") throw new Error("bank is busy");
    return "paid";
  },
}, { retry: { maxAttempts: 3, initialMs: 30_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "It had failed once and was to be tried again; but it ended since somebody cancelled it.",
  options: { definitions: [REFUND] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`refund-${other}`, "refund.pay", { iban: `PL${other}` });
    }
    await stage.submit("job", "refund.pay", { iban: "PL61109010140000071219812874" });
    await stage.advance(10_000);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "duplicate of refund-5" });
    for (let pause = 0; pause < 4; pause++) await stage.advance(30_000);
    return "/jobs/job/explain";
  },
  cause: [/cancel/i, /duplicate of refund-5/],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
};
