import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const BOOK = scripted("courier.book", {
  book: ({ jobId, input: { phone } }) => {
    if (phone === undefined || jobId === "job") throw new NonRetryableError("refused: code 8841");
    return "booked";
  },
});

export const incident: Incident = {
  story: "A courier refuses orders without a phone number, and says no more than a code.",
  options: { definitions: [BOOK], maxRunning: 8 },
  async play(stage, culprit) {
    for (let order = 0; order < 12; order++) {
      await stage.submit(`b-${order}`, "courier.book", { order, phone: `040 ${order * 37 + 11}` });
    }
    await stage.submit(
      "job",
      "courier.book",
      culprit ? { order: 99 } : { order: 99, phone: "040 1" },
    );
    return "/jobs/job/explain";
  },
  cause: [
    /code 8841\. This job has no input\.phone, where all 12 that went through have one\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "book" }],
};
