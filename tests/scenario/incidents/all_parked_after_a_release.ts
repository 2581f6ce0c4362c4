import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const OLD = scripted("invoice.draw", { draw: (about) => hang(about) });
const NEW = scripted("invoice.draw_up", { draw: () => "drawn" });

export const incident: Incident = {
  story: "Nothing runs after a release, and nothing is queued: the type of all jobs was renamed.",
  options: { definitions: [OLD, NEW], maxRunning: 4 },
  async play(stage, culprit) {
    for (let job = 0; job < 9; job++) {
      await stage.submit(`invoice-${job}`, culprit ? "invoice.draw" : "invoice.draw_up");
    }
    await stage.crash({ definitions: [NEW], maxRunning: 4 });
    await stage.advance(600_000);
    return "/queue/explain";
  },
  cause: [/[Nn]othing runs/, /all 9 jobs/, /parked/, /invoice\.draw\b/],
  decisive: [{ jobId: "invoice-8", eventType: "job.JobParked" }],
  next: /--definitions/,
};
