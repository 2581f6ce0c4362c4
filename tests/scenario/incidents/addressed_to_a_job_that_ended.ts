import { wait } from "../incident_kit.ts";

const PICKED = "shop.BasketPicked";

export const incident = wait({
  story: "The picker's device still has the id of the job before; that one had ended.",
  eventType: PICKED,
  equals: { basket: "BK-31" },
  noise: (order) => ({ basket: `BK-8${order}` }),
  before: async (stage) => {
    await stage.plan("job-before", []);
  },
  goesWrong: (stage) => stage.event("device", PICKED, { basket: "BK-31" }, { jobId: "job-before" }),
  cause: [/job-before/],
  decisive: ["device"],
});
