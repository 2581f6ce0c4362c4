/** Suspended jobs whose code could continue: which entry made it so. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { Explained } from "../support/engine/explained.ts";

const resting = defineJob({
  type: "test.resting",
  version: 1,
  input: v.object({ how: v.picklist(["event", "sleep", "wait"]) }),
  expects: () => ({ paid: { eventType: "shop.Paid", correlation: "any" } }),
  run: async (ctx, { how }) => {
    if (how === "event") await ctx.expect("paid");
    if (how === "sleep") await ctx.sleep("nap", 5_000);
    if (how === "wait") await ctx.expect("paid", { withinMs: 5_000 });
    await ctx.task("rest", () => null);
  },
});

const CASES: readonly (readonly [how: string, says: RegExp, cites: string])[] = [
  [
    "event",
    /^shop\.Paid came at \S+03\.000Z and settled "paid": run can continue\.$/,
    "shop.Paid",
  ],
  [
    "sleep",
    /^Sleep nap ended at \S+05\.000Z, when it was due: run can continue\.$/,
    "job.TimerElapsed",
  ],
  [
    "wait",
    /^"paid" did not come in time: the wait ended at \S+05\.000Z, and run can continue without it\.$/,
    "job.DeadlinePassed",
  ],
];

for (const [how, says, cites] of CASES) {
  Deno.test(`explain: a suspended job that can continue names the entry that made it so (${how})`, async () => {
    const daybook = await Explained.start({ definitions: [resting] });
    await daybook.submit("job", "test.resting", { how });
    await daybook.clock.advance(1_000);
    await daybook.post("/jobs/job/suspend");
    await daybook.clock.advance(2_000);
    if (how === "event") await daybook.event("shop.Paid", {}, { jobId: "job" });
    await daybook.clock.advance(7_000);

    const { because, condition } = await daybook.explanation("job");
    assert.equal(condition, "suspended");
    const [, reason] = because;
    assert.match(reason?.statement ?? "", says);
    assert.equal(reason?.cites[0]?.eventType, cites);
    await daybook.assertCitations("job");
    assert.deepEqual((await (await daybook.crash()).explanation("job")).because, because);
  });
}
