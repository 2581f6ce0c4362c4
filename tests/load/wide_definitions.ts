/** Jobs that ask for thousands of timed waits together, and fail once all have ended. */

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

export const WAITS = wide("wide.waits", (ms) => ms);
/** They end in the opposite order. */
export const REVERSED = wide("wide.reversed", (ms, n) => ms - n);
