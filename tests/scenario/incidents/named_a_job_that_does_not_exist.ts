import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The bank's relay builds the id of the job itself, and gets it wrong.",
  eventType: "bank.TransferArrived",
  equals: { reference: "RF-2026-77" },
  noise: (order) => ({ reference: `RF-2025-${order}` }),
  goesWrong: async (stage) => {
    const status = await stage.eventOrRefusal("transfer", "bank.TransferArrived", {
      reference: "RF-2026-77",
    }, { jobId: "jbo" });
    if (status !== 404) throw new Error(`not refused, but ${status}`);
  },
  cause: [/it names job jbo, and there was no such job/],
  decisive: [],
});
