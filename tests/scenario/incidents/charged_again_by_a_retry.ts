import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const order = (isUp: boolean) =>
  scripted("shop.order", {
    reserve: () => "reserved",
    charge: () => "charged",
    mail: () => {
      if (!isUp) throw new NonRetryableError("smtp 550 mailbox full");
      return "sent";
    },
  });

export const incident: Incident = {
  story: "A customer paid twice: someone retried from the charge, which had completed.",
  options: { definitions: [order(false)] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { order: "A-7" });
    await stage.crash({ definitions: [order(true)] });
    const { jobId } = await stage.daybook.post(
      "/jobs/job/retry",
      culprit ? { from: "charge" } : {},
    );
    await stage.daybook.clock.settle();
    return `/jobs/${jobId}/explain`;
  },
  cause: [/[Tt]ask charge ran again/, /had completed in job job/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "charge" }],
};
