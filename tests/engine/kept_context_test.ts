/** What code of a job may keep after its end. */

import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import type { TaskContext } from "../../src/engine/job_context.ts";
import { Harness } from "../support/engine/engine_harness.ts";

Deno.test("attempt: a context that code keeps after its end does not keep the run", async () => {
  const kept: TaskContext[] = [];
  const runs: WeakRef<object>[] = [];
  const keeping = defineJob({
    type: "test.keeping",
    version: 1,
    input: v.any(),
    async run(ctx) {
      runs.push(new WeakRef(ctx));
      await ctx.task("keeps", (task) => {
        kept.push(task);
        task.progress(1, 2);
        task.log("kept");
      });
    },
  });
  const harness = await Harness.start({ definitions: [keeping as never] });
  const jobId = await harness.submit("test.keeping", {});
  assert.equal(harness.job(jobId).state, "Done");
  await new Promise((resolve) => setTimeout(resolve, 0));
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();

  assert.equal(kept.length, 1);
  assert.deepEqual(runs.map((run) => run.deref()), [undefined]);
});
