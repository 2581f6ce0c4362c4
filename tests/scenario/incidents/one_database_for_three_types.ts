import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const REFUSED = "connect ECONNREFUSED 10.2.0.7:5432";
const TYPES = ["erp.sync", "report.daily", "mail.digest"];

const definitions = TYPES.map((type) =>
  scripted(type, {
    load: ({ input }) => {
      if (input["night"] === true) throw new Error(REFUSED);
      return "loaded";
    },
  }, { retry: { maxAttempts: 2, initialMs: 1_000, factor: 1, jitter: 0 } })
);

export const incident: Incident = {
  story: "Jobs of three types fail in one night: the database that all of them need was down.",
  options: { definitions, maxRunning: 8 },
  async play(stage, culprit) {
    for (let job = 0; job < 12; job++) {
      await stage.submit(`before-${job}`, TYPES[job % TYPES.length] ?? "");
    }
    for (const [order, type] of TYPES.entries()) {
      if (order > 0 && !culprit) continue;
      for (let job = 0; job < 2; job++) {
        await stage.submit(`${order === 0 ? "job" : type}${job}`, type, { night: true });
      }
    }
    await stage.advance(60_000);
    return "/jobs/job0/explain";
  },
  cause: [/ECONNREFUSED 10\.2\.0\.7/, /2 other types/, /report\.daily/, /mail\.digest/],
  decisive: [
    { jobId: "job0", eventType: "job.TaskFailed", taskId: "load", nth: 1 },
    { jobId: "mail.digest1", eventType: "job.TaskFailed", taskId: "load", nth: 1 },
  ],
  next: /jobs\/job0\/retry/,
};
