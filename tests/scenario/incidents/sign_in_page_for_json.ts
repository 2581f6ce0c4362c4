import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const SIGN_IN = "<!doctype html>\n<html lang=en><head><title>Sign in</title></head></html>";
const BROKEN = '{"stock": 7';
const answers = new Map<string, string>();

const STOCK = scripted("shop.stock", {
  fetch: ({ jobId, input }) => {
    answers.set(jobId, input.isExpired === true ? SIGN_IN : BROKEN);
    return answers.get(jobId);
  },
  parse: ({ jobId }) => JSON.parse(answers.get(jobId) ?? ""),
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "The session had expired: instead of the stock, a step returned the page to sign in.",
  options: { definitions: [STOCK] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.stock", { isExpired: culprit });
    return "/jobs/job/explain";
  },
  cause: [/is not valid JSON/, /[Tt]ask fetch completed, but returned a page titled "Sign in"/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "fetch" }],
};
