import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const RETRY = { maxAttempts: 3, initialMs: 5_000, factor: 1, jitter: 0 } as const;

const HOOK = scripted("hook.deliver", {
  post: () => {
    throw new Error("503 from the partner");
  },
}, { retry: RETRY });

export const incident: Incident = {
  story: "A retry due in five seconds is an hour away after a restart: the clock was set back.",
  options: { definitions: [HOOK] },
  async play(stage, culprit) {
    await stage.submit("job", "hook.deliver");
    if (culprit) stage.daybook.clock.jump(-3_600_000);
    await stage.crash({ definitions: [HOOK] });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [/clock of the machine was set back by 1 h/],
  decisive: [],
};
