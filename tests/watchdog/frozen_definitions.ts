/** Definitions whose code never yields, each at a different place. */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

/** The duration in milliseconds; -1 means forever. */
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

export const freezeInput = defineJob({
  type: "test.freeze-input",
  version: 1,
  input: v.object({ ms: v.pipe(v.number(), v.check((ms) => (spin(ms), true))) }),
  run: () => Promise.resolve(),
});
