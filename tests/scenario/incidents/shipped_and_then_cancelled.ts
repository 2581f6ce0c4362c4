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
  story: "A customer says that he cancelled: he did, a second after the parcel had left.",
  options: { definitions: [SHIP] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.ship", { orderId: "O-700" });
    await stage.advance(1_000);
    const orderId = culprit ? "O-700" : "O-600";
    await stage.event("cancellation", "shop.OrderCancelled", { orderId });
    return "/jobs/job/explain";
  },
  cause: [
    /OrderCancelled, which its policy names an error, came at/,
    /1 s after the job had ended/,
  ],
  decisive: ["cancellation"],
};
