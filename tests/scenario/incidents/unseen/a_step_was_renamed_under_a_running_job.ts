import type { Incident } from "../../incident.ts";
import { hang, scripted } from "../../incident_kit.ts";

const before = scripted("grain.intake", { weigh: () => 40_120, dry: hang });
const after = scripted("grain.intake", { weighbridge: () => 40_120, dry: hang });

export const incident: Incident = {
  story: "A deployment renamed the first step of a job that was in its second.",
  options: { definitions: [before] },
  async play(stage, culprit) {
    await stage.noise(15, "grain.LorryArrived", (order) => ({ lorry: `NL-${order}` }));
    await stage.submit("job", "grain.intake", { lorry: "NL-4411" });
    await stage.advance(30_000);
    await stage.crash({ definitions: [culprit ? after : before] });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/parked/i, /\bweigh\b/, /weighbridge/],
  decisive: [{ jobId: "job", eventType: "job.JobParked" }],
};
