/**
 * Jobs that ask for thousands of steps or timed waits, and fail once all have ended; one whose tasks
 * end only when they are aborted; and one with a secret, for thousands of them.
 */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

const NEVER = { kind: "DomainFact", eventType: "wide.Never", correlation: "any" } as const;

/** @param msOf How long each wait takes. */
function wide(type: string, msOf: (ms: number, n: number) => number) {
  return defineJob({
    type,
    version: 1,
    input: v.object({ count: v.number(), ms: v.number() }),
    expects: () => ({ never: NEVER }),
    async run(ctx, { count, ms }) {
      await Promise.all(
        Array.from({ length: count }, (_, n) => ctx.expect("never", { withinMs: msOf(ms, n) })),
      );
      throw new NonRetryableError("all have ended");
    },
  });
}

/** As many steps at once as a busy server begins without a pause. */
const TOGETHER = 500;

export const STEPS = defineJob({
  type: "wide.steps",
  version: 1,
  input: v.object({ count: v.number() }),
  async run(ctx, { count }) {
    for (let first = 0; first < count; first += TOGETHER) {
      await Promise.all(
        Array.from({ length: TOGETHER }, (_, n) => ctx.task(`step-${first + n}`, () => ({ n }))),
      );
    }
    throw new NonRetryableError("all have ended");
  },
});

/** Tasks that all run at once, each until it is aborted. */
export const HELD = defineJob({
  type: "wide.held",
  version: 1,
  input: v.object({ count: v.number(), timeoutMs: v.optional(v.number()) }),
  async run(ctx, { count, timeoutMs }) {
    const options = { ...timeoutMs && { timeoutMs }, retry: { maxAttempts: 1 } };
    await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        await ctx.task(
          `step-${n}`,
          ({ signal }) =>
            new Promise((_, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason))
            ),
          options,
        );
      }),
    );
  },
});

export const SEALED = defineJob({
  type: "wide.sealed",
  version: 1,
  input: v.object({ card: v.string() }),
  secrets: ["card"],
  run: () => Promise.resolve(),
});

export const WAITS = wide("wide.waits", (ms) => ms);
/** They end in the opposite order. */
export const REVERSED = wide("wide.reversed", (ms, n) => ms - n);
