import { NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const TRANSFER = scripted("bank.transfer", {
  send: ({ jobId }) => {
    if (jobId === "job") throw new NonRetryableError("field 59 rejected (T77)");
    return "sent";
  },
});

export const incident: Incident = {
  story: "A transfer is rejected: its IBAN is written in groups of four.",
  options: { definitions: [TRANSFER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let nth = 0; nth < 12; nth++) {
      await stage.submit(`t-${nth}`, "bank.transfer", {
        iban: `DE8937040044053201${3000 + nth * 17}`,
      });
    }
    const iban = culprit ? "DE89 3704 0044 0532 0130 00" : "DE89370400440532013999";
    await stage.submit("job", "bank.transfer", { iban });
    return "/jobs/job/explain";
  },
  cause: [
    /\(T77\)\. This job has input\.iban = "DE89 3704 0044 0532 0130 00", where all 12 that went through have one like "A9"\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
};
