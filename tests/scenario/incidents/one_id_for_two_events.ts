import type { Incident } from "../incident.ts";

const READ = "meter.ReadingTaken";

export const incident: Incident = {
  story: "The gateway counts its event ids from 1 again after a reboot, so a reading was refused.",
  async play(stage, culprit) {
    await stage.event("gw-1", READ, { meter: "M-1", kwh: 5 });
    await stage.noise(10, READ, (order) => ({ meter: `N-${order}` }));
    await stage.plan("job", [
      { id: "read", eventType: READ, correlation: { equals: { meter: "M-2" } } },
    ]);
    if (culprit) await stage.eventOrRefusal("gw-1", READ, { meter: "M-2", kwh: 9 });
    await stage.noise(10, READ, (order) => ({ meter: `N-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/gw-1/, /twice|other content|already/],
  decisive: ["gw-1"],
};
