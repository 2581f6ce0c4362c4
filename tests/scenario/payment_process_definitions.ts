/** Definitions with secrets for a separate process, which reports the input that it got. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

const input = v.object({
  orderId: v.string(),
  card: v.object({ number: v.string(), holder: v.string() }),
  leak: v.optional(v.string()),
});

const WANT = v.parse(v.optional(v.string()), Deno.env.get("DAYBOOK_TEST_PROTECTED"));
const secrets = WANT === "no" ? [] : ["card.number"] as const;

export const pay = defineJob({
  type: "test.pay",
  version: 1,
  input,
  secrets,
  async run(ctx, { card, leak }) {
    const result = await ctx.task("charge", async (task) => {
      task.progress(1, 2, `charging ${card.number}`);
      if (leak === "message") throw new NonRetryableError(`card ${card.number} was refused`);
      // Not awaited, so it goes to the log.
      if (leak === "log") void Promise.reject(new Error(`forgot ${card.number}`));
      if (leak === "hang" && task.attempt === 1) await new Promise(() => {});
      return { digest: createHash("sha256").update(card.number).digest("hex") };
    }, { retry: { maxAttempts: 2 } });
    if (leak === "log") await ctx.task("later", () => new Promise((done) => setTimeout(done, 50)));
    return result;
  },
});

export const forget = defineJob({
  type: "test.forget",
  version: 1,
  input,
  retention: WANT === "no" ? "keep" : "deleteOnCompletion",
  run: (ctx, { card }) => ctx.task("charge", () => card.number.length),
});

export const forgetSoon = defineJob({
  type: "test.forgetSoon",
  version: 1,
  input,
  retention: WANT === "no" ? "keep" : { afterMs: 1_500 },
  run: (ctx, { card }) => ctx.task("charge", () => card.number.length),
});
