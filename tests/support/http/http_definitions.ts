/** Job types for the HTTP tests. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";
import { NonRetryableError } from "../../../src/engine/job_errors.ts";
import type { EventType } from "../../../src/core/ids.ts";

/** Ends at once. */
export const GREET = defineJob({
  type: "test.greet",
  version: 3,
  description: "Greets by name",
  input: v.strictObject({ name: v.string(), times: v.optional(v.number()) }),
  async run(ctx, { name }) {
    return await ctx.task("greet", () => `hello ${name}`);
  },
});

/** Waits for a fact after one step. */
export const PARCEL = defineJob({
  type: "test.parcel",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    shipped: {
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId } },
    },
  }),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved", { compensate: () => {} });
    await ctx.task("note", () => "noted");
    await ctx.expect("shipped");
  },
});

/** Fails for good after a step that can be undone and one that cannot. */
export const DOOMED = defineJob({
  type: "test.doomed",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved", { compensate: () => {} });
    await ctx.task("mail", () => "sent");
    await ctx.task("charge", () => {
      throw new NonRetryableError("the card is stolen");
    });
  },
});

/** Fails, and its compensation fails for good too. */
export const STUCK = defineJob({
  type: "test.stuck",
  version: 1,
  input: v.undefined(),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved", {
      compensate: () => Promise.reject(new Error("the depot is closed")),
      retry: { maxAttempts: 2, initialMs: 5_000, jitter: 0 },
    });
    await ctx.task("charge", () => {
      throw new NonRetryableError("the card is stolen");
    });
  },
});

/** Takes text, as a form sends it. */
export const IMPORT = defineJob({
  type: "test.import",
  version: 1,
  input: v.object({ csv: v.string(), separator: v.optional(v.string()) }),
  run: (_ctx, { csv }) => Promise.resolve(csv.length),
});

export const DEFINITIONS = [
  GREET,
  PARCEL,
  DOOMED,
  STUCK,
  IMPORT,
] as unknown as readonly AnyJobDefinition[];

// Job types that a test blocks and releases, and that events start.

/** A gate at which tasks wait until it is opened. */
export class Gate {
  #open = Promise.withResolvers<void>();

  get passed(): Promise<void> {
    return this.#open.promise;
  }

  open(): void {
    this.#open.resolve();
  }
}

/** `test.gated` ends once the gate is open; `shop.OrderPlaced` starts one too. */
export function gatedJobs(gate: Gate): readonly AnyJobDefinition[] {
  const gated = defineJob({
    type: "test.gated",
    version: 1,
    input: v.optional(v.unknown()),
    startsOn: { eventType: "shop.OrderPlaced" as EventType, input: () => undefined },
    async run(ctx) {
      await ctx.task("pass", () => gate.passed);
    },
  });
  return [gated] as unknown as readonly AnyJobDefinition[];
}
