import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const order = (version: number) =>
  defineJob({
    type: "shop.order",
    version,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => ({
      reserved: { eventType: "stock.Reserved", correlation: { equals: { orderId } } },
    }),
    async run(ctx, { orderId }) {
      const reserve = () => ctx.task("reserve", (task) => task.emit("stock.Reserved", { orderId }));
      if (version === 1) await reserve();
      await ctx.expect("reserved");
      if (version === 2) await reserve();
    },
  });

export const incident: Incident = {
  story: "Since the last release orders wait for ever: for an event of a step that comes after.",
  options: { definitions: [order(1)] },
  async play(stage, culprit) {
    for (let done = 1; done < 4; done++) {
      await stage.submit(`order-${done}`, "shop.order", { orderId: `O-70${done}` });
    }
    await stage.crash({ definitions: [order(culprit ? 2 : 1)] });
    await stage.submit("job", "shop.order", { orderId: "O-709" });
    return "/jobs/job/explain";
  },
  cause: [
    /others came from task reserve of jobs of type shop\.order, as this one is/,
    /before it has/,
  ],
  decisive: [{ jobId: "order-1", eventType: "job.TaskCompleted", taskId: "reserve" }],
};
