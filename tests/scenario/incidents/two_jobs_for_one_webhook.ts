import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const FULFIL = defineJob({
  type: "wms.fulfil",
  version: 1,
  input: v.object({ order: v.string() }),
  startsOn: {
    eventType: "shop.Confirmed",
    input: ({ attributes }) => ({ order: attributes.order as string }),
  },
  run: (ctx) => ctx.task("pack", () => "packed"),
});

export const incident: Incident = {
  story: "Two parcels for one order: the shop sent its event again, under another id.",
  options: { definitions: [FULFIL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.event(`order-${other}`, "shop.Confirmed", { order: `A-${other}` });
    }
    await stage.submit("job", "wms.fulfil", { order: "A-31" });
    await stage.advance(20_000);
    if (culprit) await stage.event("again", "shop.Confirmed", { order: "A-31" });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/got the same input 20 s after it/, /may be done twice/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
