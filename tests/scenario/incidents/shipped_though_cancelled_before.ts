import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const SHIP = defineJob({
  type: "shop.ship",
  version: 1,
  input: v.object({ orderId: v.string() }),
  errors: ({ orderId }) => [
    { eventType: "shop.OrderCancelled", correlation: { equals: { orderId } } },
  ],
  run: (ctx) => ctx.task("ship", () => "shipped"),
});

export const incident: Incident = {
  story: "An order was shipped though cancelled: the cancellation overtook its submission.",
  options: { definitions: [SHIP] },
  async play(stage, culprit) {
    const orderId = culprit ? "O-700" : "O-600";
    await stage.event("cancellation", "shop.OrderCancelled", { orderId });
    await stage.advance(300);
    await stage.submit("job", "shop.ship", { orderId: "O-700" });
    return "/jobs/job/explain";
  },
  cause: [
    /OrderCancelled, which its policy names an error, came at/,
    /300 ms before the job started/,
  ],
  decisive: ["cancellation"],
};
