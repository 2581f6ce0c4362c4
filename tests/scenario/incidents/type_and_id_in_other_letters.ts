import type { Incident } from "../incident.ts";

export const incident: Incident = {
  story: "A partner writes both the type of its event and the id in letters of its own.",
  async play(stage, culprit) {
    await stage.noise(10, "kyc.ApplicantVerified", (order) => ({ applicantId: `ap-9${order}` }));
    await stage.plan("job", [{
      id: "verified",
      eventType: "kyc.ApplicantVerified",
      correlation: { equals: { applicantId: "ap-7" } },
    }]);
    const applicantId = culprit ? "AP-7" : "AP-6";
    await stage.event("partner", "kyc.applicant_verified", { applicantId });
    return "/events/partner/explain";
  },
  cause: [/expectation verified of job job/, /type is not kyc\.ApplicantVerified/, /found "AP-7"/],
  decisive: ["partner", { jobId: "job", eventType: "job.JobCreated" }],
};
