import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const ORDER = defineJob({
  type: "shop.order",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: { eventType: "pay.Paid", correlation: { equals: { orderId } } },
  }),
  errors: ({ orderId }) => [
    { eventType: "order.Cancelled", correlation: { equals: { orderId } } },
  ],
  run: (ctx) => ctx.expect("paid"),
});

const SWEEP = defineJob({
  type: "order.sweep",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("sweep", (task) => task.emit("order.Cancelled", { orderId: "O-808", why: "stale" })),
});

export const incident: Incident = {
  story: "Nobody cancelled this order: a job that sweeps stale ones did.",
  options: { definitions: [ORDER, SWEEP] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { orderId: "O-808" });
    if (culprit) await stage.submit("sweep-1", "order.sweep");
    else {await stage.event("customer", "order.Cancelled", {
        orderId: "O-808",
        why: "mind changed",
      });}
    return "/jobs/job/explain";
  },
  cause: [/order\.Cancelled was sent by task sweep of job sweep-1/],
  decisive: [{ jobId: "sweep-1", eventType: "job.TaskCompleted", taskId: "sweep" }],
};
