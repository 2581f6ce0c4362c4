import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const RETRY = { maxAttempts: 3, initialMs: 5_000, factor: 1, jitter: 0 } as const;

const HOOK = scripted("hook.deliver", {
  post: ({ attempt }) => {
    if (attempt === 1) throw new Error("503 from the partner");
  },
}, { retry: RETRY });

export const incident: Incident = {
  story: "A webhook seems to have taken two hours: the clock of the machine was corrected.",
  options: { definitions: [HOOK] },
  async play(stage, culprit) {
    await stage.submit("job", "hook.deliver");
    if (culprit) stage.daybook.clock.jump(7_200_000);
    await stage.advance(6_000);
    return "/jobs/job/explain";
  },
  cause: [/clock of the machine was set ahead by 2 h/],
  decisive: [],
};
