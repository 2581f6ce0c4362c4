import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const results = new Map<string, unknown>();

const ORDER = scripted("shop.price", {
  quote: ({ input, jobId }) => {
    const quote = input.sku === "S-77"
      ? { status: "error", message: "quota of key pk_7 exceeded" }
      : { status: "ok", price: { amount: 5 } };
    results.set(jobId, quote);
    return quote;
  },
  book: ({ jobId }) => (results.get(jobId) as { price: { amount: number } }).price.amount,
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "A price service answers 200 with an error in the body; the step after it breaks on that.",
  options: { definitions: [ORDER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`order-${other}`, "shop.price", { sku: `S-${other}` });
    }
    await stage.submit("job", "shop.price", { sku: culprit ? "S-77" : "S-12" });
    return "/jobs/job/explain";
  },
  cause: [/[Tt]ask quote/, /quota of key pk_7 exceeded/],
  decisive: [
    { jobId: "job", eventType: "job.TaskCompleted", taskId: "quote" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
  next: /Retry it from task quote/,
};
