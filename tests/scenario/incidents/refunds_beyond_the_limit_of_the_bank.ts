import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const AMOUNTS = [120, 4810, 77, 5200, 310, 999, 7450, 2300, 18, 640, 6100, 4400, 85, 12_000, 1500];

export const incident: Incident = {
  story: "The bank declines refunds over 5000 with a code; all smaller ones go through.",
  options: {
    definitions: [scripted("refund.pay", {
      pay: ({ jobId, input }) => {
        const isDeclined = input["declines"] === "large"
          ? Number(input["amount"]) > 5_000
          : jobId.endsWith("3");
        if (isDeclined) throw new NonRetryableError("declined: code 61");
        return "paid";
      },
    })],
    maxRunning: 8,
  },
  async play(stage, culprit) {
    const declines = culprit ? "large" : "some";
    for (const [nth, amount] of AMOUNTS.entries()) {
      await stage.submit(`refund-${nth}`, "refund.pay", { amount, declines });
    }
    return "/jobs/refund-3/explain";
  },
  cause: [
    /code 61\. All 4 jobs that failed like this have input\.amount such as 5200, where all 11 that went through have at most 4810\./,
  ],
  decisive: [{ jobId: "refund-3", eventType: "job.TaskFailed", taskId: "pay" }],
};
