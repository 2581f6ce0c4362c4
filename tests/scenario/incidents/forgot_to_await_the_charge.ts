import * as v from "valibot";
import type { JobId, TaskId } from "../../../src/core/ids.ts";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const ORDER = defineJob({
  type: "order.place",
  version: 1,
  input: v.object({ orderId: v.string() }),
  async run(ctx, { orderId }) {
    await ctx.task("reserve", () => ({ orderId }));
    // `charge(orderId)`, without `await` or `return`: see the uncaught error of the incident.
    await ctx.task("charge", () => ({ orderId }));
    return await ctx.task("mail", () => "sent");
  },
});

export const incident: Incident = {
  story: "An order was shipped and never paid: its step did not await the charge, which failed.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    for (let other = 1; other < 6; other++) {
      await stage.submit(`order-${other}`, "order.place", { orderId: `o-${other}` });
    }
    await stage.submit("job", "order.place", { orderId: "o-9" });
    await stage.advance(12);
    const [jobId, taskId] = ["job" as JobId, "charge" as TaskId];
    const thrown = new RangeError("card declined");
    const attempt = { jobId: culprit ? jobId : "order-2" as JobId, taskId, number: 1 };
    stage.daybook.engine.processFacts.errorUncaught({
      kind: "rejection",
      thrown,
      attempt: { ...attempt, isUndoing: false },
    });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [
    /Task charge completed, but \d+ ms later a promise that it had not awaited was rejected/,
    /RangeError: card declined/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "charge" }],
};
