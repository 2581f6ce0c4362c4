/** What an explanation says must be done before a retry, or made a suspended job ready. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

// What explanations and dry runs say must be done before a retry.

const LOAD = "First load a module (--definitions) that defines type shop.order.";

function order(version: number) {
  return defineJob({
    type: "shop.order",
    version,
    input: v.object({ isRefused: v.optional(v.boolean()) }),
    run: async (ctx, { isRefused }) => {
      if (isRefused) {
        await ctx.task("charge", () => {
          throw new NonRetryableError("refused");
        });
      }
      await ctx.sleep("overnight", 3_600_000);
    },
  });
}

async function nextOf(daybook: Explained, jobId: string): Promise<readonly string[]> {
  return (await daybook.explanation(jobId)).next.map(({ statement }) => statement);
}

Deno.test("next: a parked job whose type is not loaded is retried only after the type is loaded", async () => {
  const before = await Explained.start({ definitions: [order(1)] });
  await before.submit("order", "shop.order");
  const without = await before.crash({ definitions: [] });
  await without.clock.advance(3_600_000);
  const next = await nextOf(without, "order");
  assert.deepEqual(next.slice(-2), [
    LOAD,
    "Then cancel it and retry it; a new job reuses overnight:",
  ]);
  assert.deepEqual(await without.beforeRetry("order"), [LOAD]);

  const newer = await without.crash({ definitions: [order(2)] });
  assert.equal(
    (await nextOf(newer, "order")).at(-1),
    "Cancel it and retry it; a new job reuses overnight:",
  );
  assert.deepEqual(await newer.beforeRetry("order"), []);
});

Deno.test("next: a failed job whose type is not loaded is retried only after the type is loaded", async () => {
  const before = await Explained.start({ definitions: [order(1)] });
  await before.submit("order", "shop.order", { isRefused: true });
  const without = await before.crash({ definitions: [] });
  const fix = "First fix what task charge failed on: NonRetryableError: refused.";
  assert.deepEqual(await nextOf(without, "order"), [
    "Nothing happens by itself: the job has ended.",
    LOAD,
    fix,
    "Then retry it; a new job starts from the beginning:",
  ]);
  assert.deepEqual(await without.beforeRetry("order"), [LOAD, fix]);
});

// Suspended jobs whose code could continue: which entry made it so.

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
