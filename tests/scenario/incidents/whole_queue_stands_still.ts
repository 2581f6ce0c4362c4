import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const REPORT = scripted("report.render", { render: (about) => hang(about) });
const MAIL = scripted("mail.send", { send: () => "sent" });

export const incident: Incident = {
  story: "Nobody gets anything: three reports without a limit hold all workers since the night.",
  options: { definitions: [REPORT, MAIL], maxRunning: 3 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`mail-${other}`, "mail.send");
    for (let report = 0; culprit && report < 3; report++) {
      await stage.submit(`report-${report}`, "report.render");
      await stage.advance(600_000);
    }
    for (let other = 8; other < 20; other++) await stage.submit(`mail-${other}`, "mail.send");
    await stage.advance(7_200_000);
    return "/queue/explain";
  },
  cause: [
    /stands still/,
    /all 3 workers/,
    /report-0 .*report-1 .*report-2/,
    /without a time limit/,
  ],
  decisive: [0, 1, 2].map((report) => ({
    jobId: `report-${report}`,
    eventType: "job.TaskStarted",
    taskId: "render",
  })),
  next: /jobs\/report-0\/cancel/,
};
