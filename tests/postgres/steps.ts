import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

export default [
  defineJob({
    type: "steps",
    version: 1,
    input: v.object({}),
    run: async (ctx) => {
      for (const step of ["one", "two", "three"]) {
        await ctx.task(step, () => new Promise((resolve) => setTimeout(resolve, 5)));
      }
    },
  }),
  defineJob({
    type: "slow",
    version: 1,
    input: v.object({}),
    run: async (ctx) => {
      await ctx.task("long", ({ signal }) =>
        new Promise((resolve, reject) => {
          setTimeout(resolve, 600_000);
          signal.addEventListener("abort", () => reject(new Error("aborted")));
        }));
    },
  }),
  defineJob({
    type: "waits",
    version: 1,
    input: v.object({ name: v.string(), key: v.string() }),
    secrets: ["key"],
    expects: ({ name }) => ({
      told: { eventType: "test.Told", correlation: { equals: { name } } },
    }),
    run: async (ctx, { key }) => {
      await ctx.expect("told");
      return key.length;
    },
  }),
];
