import type { Incident } from "../../incident.ts";

const VALIDATED = "arena.TicketValidated";

export const incident: Incident = {
  story: "The visitor's ticket was scanned while the job was there, but not started yet.",
  async play(stage, culprit) {
    await stage.noise(15, VALIDATED, (order) => ({ ticket: `TAN-${order}` }));
    await stage.plan("job", [{
      id: "entry",
      eventType: VALIDATED,
      correlation: { equals: { ticket: "TAN-5519" } },
    }], { start: false });
    if (culprit) {
      await stage.event("early", VALIDATED, { ticket: "TAN-5519", gate: "N2" }, { jobId: "job" });
    }
    await stage.advance(180_000);
    await stage.post("/jobs/job/start");
    await stage.noise(15, VALIDATED, (order) => ({ ticket: `TAN-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/before|earlier|too early/i, /start/i],
  decisive: ["early"],
};
