/** A job type that events start many times a second. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

/** Every hundredth fails, so that groups of failures change too. */
const FAILING = 100;

export const BUSY = defineJob({
  type: "busy.work",
  version: 1,
  input: v.object({ number: v.number() }),
  startsOn: {
    eventType: "busy.Asked",
    input: ({ attributes }) => ({ number: Number(attributes["number"]) }),
  },
  async run(ctx, { number }) {
    return await ctx.task("work", () => {
      if (number % FAILING === 0) throw new NonRetryableError(`number ${number} is a hundredth`);
      return number;
    });
  },
});
