import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const page = (title: string) =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body>EUR 1.08</body></html>`;

const RATES = scripted("bank.rates", {
  fetch: ({ input }) => ({ status: 200, body: page(String(input.title)) }),
  store: () => ({ stored: 0 }),
});

export const incident: Incident = {
  story: "The job is Done, but stored no rate: the bank answered 200 with a page about its upkeep.",
  options: { definitions: [RATES] },
  async play(stage, culprit) {
    const title = culprit ? "Scheduled maintenance" : "Rates of today";
    await stage.submit("job", "bank.rates", { title });
    return "/jobs/job/explain";
  },
  cause: [/[Tt]ask fetch completed, but its result is an error/, /Scheduled maintenance/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "fetch" }],
};
