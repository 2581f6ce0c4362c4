import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const orders = new Map<string, string>();

const AGE = scripted("order.age", {
  load: ({ jobId, input }) => {
    const order = { id: "O-1", at: input.isDate === true ? new Date(0) : null };
    orders.set(jobId, JSON.stringify(order));
    return order;
  },
  age: ({ jobId }) => {
    const order = JSON.parse(orders.get(jobId) ?? "") as { at: Date };
    return order.at.getTime();
  },
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "A step breaks on a time that the step before it had returned as a Date.",
  options: { definitions: [AGE] },
  async play(stage, culprit) {
    await stage.submit("job", "order.age", { isDate: culprit });
    return "/jobs/job/explain";
  },
  cause: [
    /getTime is not a function/,
    /[Tt]ask load completed, but returned "at" as the text "1970-/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "load" }],
};
