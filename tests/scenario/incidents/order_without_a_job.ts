import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const fulfil = defineJob({
  type: "order.fulfil",
  version: 1,
  input: v.object({ orderId: v.string() }),
  startsOn: {
    eventType: "shop.OrderPlaced",
    correlation: { equals: { "order.channel": "web" } },
    input: ({ attributes }) => ({ orderId: String(attributes.orderId) }),
  },
  async run(ctx) {
    await ctx.task("pack", () => "packed");
  },
});

export const incident: Incident = {
  story: "An order has no job: the shop moved the channel to order.meta.channel.",
  options: { definitions: [fulfil], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 20; other++) {
      const attributes = { orderId: `N-${other}`, order: { channel: "web" } };
      await stage.event(`placed-${other}`, "shop.OrderPlaced", attributes);
    }
    const order = culprit ? { meta: { channel: "web" } } : { channel: "web" };
    await stage.event("placed", "shop.OrderPlaced", { orderId: "O-77", order });
    return "/explain?about=O-77";
  },
  cause: [/no job/i, /order\.meta\.channel|order\.channel/],
  decisive: ["placed"],
};
