/** Job types whose code ends the process. */

import process, { exit } from "node:process";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

const WAYS = {
  deno: () => Deno.exit(0),
  later: () => void setTimeout(() => Deno.exit(78), 1),
  node: () => process.exit(),
  named: () => exit(64),
};

const input = v.object({ how: v.picklist(["deno", "later", "node", "named"]) });

export const task = defineJob({
  type: "exiting.task",
  version: 1,
  input,
  run: (ctx, { how }) =>
    ctx.task("leave", async () => {
      WAYS[how]();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }),
});

export const run = defineJob({
  type: "exiting.run",
  version: 1,
  input,
  async run(ctx, { how }) {
    await ctx.task("first", () => 1);
    WAYS[how]();
  },
});

export const schema = defineJob({
  type: "exiting.schema",
  version: 1,
  input: v.pipe(
    input,
    v.check(({ how }) => {
      WAYS[how]();
      return true;
    }),
  ),
  run: () => Promise.resolve(),
});
