import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const PAYOUT = scripted("payout.send", {
  send: ({ attempt, input }) => {
    if (input.seller === "kastanje" && attempt === 1) throw new Error("502 from the bank");
    return "sent";
  },
}, { retry: { maxAttempts: 4, initialMs: 20_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "The retry was due days ago; it does not come, for the job was suspended before it.",
  options: { definitions: [PAYOUT] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`payout-${other}`, "payout.send", { seller: `s${other}` });
    }
    await stage.submit("job", "payout.send", { seller: "kastanje" });
    await stage.advance(5_000);
    if (culprit) await stage.post("/jobs/job/suspend", { reason: "fraud desk looks at kastanje" });
    await stage.advance(20_000);
    await stage.advance(3 * 86_400_000);
    return "/jobs/job/explain";
  },
  cause: [/suspended/i, /fraud desk looks at kastanje/],
  decisive: [{ jobId: "job", eventType: "job.JobSuspended" }],
  next: /\/jobs\/job\/resume/,
};
