/** What explanations and dry runs say must be done before a retry. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

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
