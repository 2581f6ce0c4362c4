import { NonRetryableError } from "../../../../src/mod.ts";
import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const TOUR = scripted("tour.book", {
  hold: () => "held",
  voucher: () => "VCH-88",
  seats: ({ input }) => {
    if (input.coach === "K-12") throw new NonRetryableError("no seats left in coach K-12");
    return "seated";
  },
}, {
  undo: {
    hold: () => "released",
    voucher: () => {
      throw new NonRetryableError("voucher service: VCH-88 was spent");
    },
  },
});

export const incident: Incident = {
  story: "There was no seat, so all was undone, but for a voucher that the guest had spent.",
  options: { definitions: [TOUR] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`tour-${other}`, "tour.book", { coach: `M-${other}` });
    }
    await stage.submit("job", "tour.book", { coach: culprit ? "K-12" : "M-1" });
    for (let pause = 0; pause < 5; pause++) await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/no seats left in coach K-12/, /VCH-88 was spent/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "seats" },
    { jobId: "job", eventType: "job.TaskCompensationFailed", taskId: "voucher" },
  ],
};
