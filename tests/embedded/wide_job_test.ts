/** A job that asks for thousands of steps together, on a real journal. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";

const COUNT = 2_000;

const wide = defineJob({
  type: "demo.wide",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    Promise.all(Array.from({ length: COUNT }, async (_, n) => {
      await ctx.task(`task-${n}`, () => n);
      await ctx.sleep(`sleep-${n}`, 0);
    })),
});

/** For each batch of a journal, how many entries of a type it has. */
async function batchesOf(journal: string, eventType: string): Promise<readonly number[]> {
  const counts = new Map<number, number>();
  for await (const { name } of Deno.readDir(`${journal}/segments`)) {
    const lines = (await Deno.readTextFile(`${journal}/segments/${name}`)).split("\n");
    for (const line of lines.filter((line) => line !== "")) {
      const entry = JSON.parse(line) as { batch: number; eventType: string };
      if (entry.eventType !== eventType) continue;
      counts.set(entry.batch, (counts.get(entry.batch) ?? 0) + 1);
    }
  }
  return [...counts.values()];
}

Deno.test("wide: of thousands of steps that run asks for together, a batch begins a few hundred, and all end", async () => {
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    {
      await using daybook = await openDaybook({ journal, definitions: [wide] });
      const job = await daybook.wait(await daybook.submit(wide, {}), { timeoutMs: PATIENCE_MS });
      assert.equal(job.state, "Done");
    }
    const started = await batchesOf(journal, "job.TaskStarted");
    assert.equal(started.reduce((sum, count) => sum + count), COUNT + 1);
    assert.ok(Math.max(...started) <= 500, `${started}`);
  });
});
