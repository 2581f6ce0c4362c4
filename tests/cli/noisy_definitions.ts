/** A definition with many side effects that still calls `ctx` in order. */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

export const noisy = defineJob({
  type: "test.noisy",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    console.log("run was called");
    void Promise.reject(new Error("nobody waits for this"));
    setTimeout(() => {
      throw new Error("thrown when all is over");
    }, 0);
    setInterval(() => {}, 60_000);
    await ctx.task("wait", () => new Promise<void>(() => {}));
  },
});
