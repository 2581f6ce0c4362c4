/** Definitions whose code never gives way, each in its own place. */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

/** For so long, in milliseconds; -1 is for ever. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (ms < 0 || performance.now() < end);
}

export const freeze = defineJob({
  type: "test.freeze",
  version: 1,
  input: v.object({ ms: v.number() }),
  async run(ctx, { ms }) {
    await ctx.task("spin", () => spin(ms));
  },
});

export const freezeRun = defineJob({
  type: "test.freeze-run",
  version: 1,
  input: v.object({ ms: v.number() }),
  async run(ctx, { ms }) {
    await ctx.task("before", () => {});
    spin(ms);
  },
});
