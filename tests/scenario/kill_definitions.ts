/**
 * Definitions for the tests that kill the process: each attempt of a task writes a line to a file
 * outside the journal before it does anything, so that executions can be counted without Daybook.
 */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

const ledger = Deno.env.get("DAYBOOK_TEST_LEDGER") ?? "";

async function work(line: string): Promise<string> {
  Deno.writeTextFileSync(ledger, `${line}\n`, { append: true });
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
  return line;
}

export const threeTasks = defineJob({
  type: "test.three",
  version: 1,
  input: v.object({ number: v.number() }),
  async run(ctx, { number }) {
    for (const name of ["one", "two", "three"]) {
      await ctx.task(name, (task) => work(`${ctx.jobId} ${name} ${task.attempt}`));
    }
    return { number };
  },
});

/** Continues when the gate of the test opens, and does more steps after that. */
export const gated = defineJob({
  type: "test.gated",
  version: 1,
  input: v.object({ number: v.number() }),
  async run(ctx, { number }) {
    await ctx.task("gate", async (task) => {
      const gate = Deno.env.get("DAYBOOK_TEST_GATE") ?? "";
      const response = await fetch(gate, { signal: task.signal });
      return await response.text();
    });
    await ctx.task("after", (task) => {
      task.progress(1, 1, "nearly there");
      return "x".repeat(1000);
    });
    return { number };
  },
});

/** A task that ignores its abort signal and never ends. */
export const endless = defineJob({
  type: "test.endless",
  version: 1,
  input: v.object({}),
  run: (ctx) => ctx.task("wait", () => new Promise<void>(() => {})),
});
