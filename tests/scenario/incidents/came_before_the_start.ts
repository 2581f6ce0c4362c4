import type { Incident } from "../incident.ts";

const APPROVED = "hr.LeaveApproved";

export const incident: Incident = {
  story: "The approval came while the job was created, not started; nobody sends it again.",
  async play(stage, culprit) {
    await stage.noise(10, APPROVED, (order) => ({ request: order }));
    const plan = [{
      id: "approved",
      eventType: APPROVED,
      correlation: { equals: { request: 880 } },
    }];
    await stage.plan("job", plan, { start: false });
    if (culprit) await stage.event("early", APPROVED, { request: 880 });
    await stage.advance(60_000);
    await stage.post("/jobs/job/start");
    await stage.noise(10, APPROVED, (order) => ({ request: order }));
    return "/jobs/job/explain";
  },
  cause: [/before/, /start/],
  decisive: ["early"],
};
