/** Definitions whose code never yields, each at a different place. */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

/** The duration in milliseconds; -1 means forever. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (ms < 0 || performance.now() < end);
}

/** Until there is a file: a test creates it when it has seen enough, however long that takes. */
function spinUntil(path: string): void {
  for (;;) {
    try {
      Deno.statSync(path);
      return;
    } catch {
      // It is not there yet.
    }
  }
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
  input: v.object({ until: v.string() }),
  async run(ctx, { until }) {
    await ctx.task("before", () => {});
    spinUntil(until);
  },
});

export const freezeInput = defineJob({
  type: "test.freeze-input",
  version: 1,
  input: v.object({ until: v.pipe(v.string(), v.check((path) => (spinUntil(path), true))) }),
  run: () => Promise.resolve(),
});
