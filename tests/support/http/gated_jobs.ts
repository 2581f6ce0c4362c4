/** Job types that a test blocks and releases, and that events start. */

import * as v from "valibot";
import type { EventType } from "../../../src/core/ids.ts";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";

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
