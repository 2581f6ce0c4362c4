/** A job with a secret in its input, whose tasks leak it in every possible way on request. */

import * as v from "valibot";
import { defineJob } from "../../../src/engine/definition.ts";
import { NonRetryableError } from "../../../src/engine/job_errors.ts";
import type { InputRetention } from "../../../src/core/sealed_input.ts";

export const CARD = "4000-0012-3456-7899";

const input = v.object({
  orderId: v.string(),
  card: v.object({ number: v.pipe(v.string(), v.minLength(8)), holder: v.string() }),
  /** Where the secret leaks. */
  leak: v.optional(v.string()),
});

export interface Payments {
  /** What the task was given. */
  readonly charged: string[];
  /** Releases a waiting task. */
  release: (() => void) | undefined;
}

/** @param payments Receives the input of the tasks, to prove that they get it in the clear. */
export function paymentDefinition(
  payments: Payments,
  retention: InputRetention = "keep",
  secrets: readonly ("card.number" | "card")[] = ["card.number"],
) {
  return defineJob({
    type: "test.pay",
    version: 1,
    input,
    secrets,
    retention,
    expects: ({ orderId }) => ({
      confirmed: { eventType: "test.PaymentConfirmed", correlation: { equals: { orderId } } },
    }),
    async run(ctx, { card, leak, orderId }) {
      const receipt = await ctx.task("charge", async (task) => {
        payments.charged.push(card.number);
        if (leak === "message") throw new NonRetryableError(`card ${card.number} was refused`);
        if (leak === "name") throw Object.assign(new Error("no"), { name: card.number });
        if (leak === "note") task.progress(1, 2, `charging ${card.number}`);
        if (leak === "event") task.emit("test.Charged", { card: { with: card.number } });
        if (leak === "wait") await new Promise<void>((resolve) => payments.release = resolve);
        return leak === "result" ? { charged: `card ${card.number}` } : { receipt: orderId };
      }, { retry: { maxAttempts: 1 } });
      if (leak === "taskId") await ctx.task(`charge-${card.number}`, () => null);
      if (leak === "run") throw new Error(`gave up on ${card.number}`);
      if (leak === "cut") throw new Error("x".repeat(3_990) + card.number);
      if (leak === "object") throw { card: card.number };
      if (leak === "cause") {
        const errors = [new Error(card.number), { card: card.number }, `paid with ${card.number}`];
        const cause = Object.assign(new AggregateError(errors), { code: card.number });
        throw new Error("outer", { cause });
      }
      if (leak === "confirm") await ctx.expect("confirmed");
      else if (leak !== "fail") return finish(leak, card.number, receipt);
      if (leak === "fail") throw new Error("no luck");
      return finish(leak, card.number, receipt);
    },
  });
}

function finish(leak: string | undefined, number: string, receipt: unknown) {
  return leak === "output" ? { number } : receipt;
}
