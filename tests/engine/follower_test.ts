/** An engine that only reads a journal, since another process leads it. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { MemoryJournal } from "../../src/testing/memory_journal.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { unlimited } from "../support/engine/unlimited.ts";

const TWO_STEPS = defineJob({
  type: "test.twoSteps",
  version: 1,
  input: v.unknown(),
  async run(ctx) {
    await Promise.all([
      ctx.task("quick", () => 1),
      ctx.task("slow", ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        })),
    ]);
  },
});

async function follower({ clock, random, journal }: Harness): Promise<JobEngine> {
  const definitions = [TWO_STEPS];
  const engine = new JobEngine({
    ...unlimited(),
    clock,
    random,
    definitions,
    index: MemoryIndex.empty(),
    maxRunning: 1,
  });
  const content = JSON.parse(JSON.stringify(journal.content));
  const { consumer } = engine;
  await engine.open((await MemoryJournal.open({ clock, random, consumer, content })).journal);
  return engine;
}

Deno.test("explain: a follower explains a running job as of now, although one of its steps has ended", async () => {
  const leader = await Harness.start({ definitions: [TWO_STEPS] });
  const jobId = await leader.submit("test.twoSteps");
  assert.deepEqual((await leader.story(jobId)).at(-1), "TaskCompleted:quick");

  const explanation = await (await (await follower(leader)).explanations()).explainer.explain(
    jobId,
  );

  assert.equal(explanation?.condition, "executing");
  assert.equal(explanation.asOfTime, undefined);
});
