/** Async context that code of a job or a caller sets reaches no other job. */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as v from "valibot";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { defineJob } from "../../src/engine/definition.ts";
import type { TaskContext } from "../../src/engine/job_context.ts";

const tenant = new AsyncLocalStorage<string>();

/** A job that notes the context of each of its parts. */
function noting(seen: (string | undefined)[]) {
  const note = () => void seen.push(tenant.getStore());
  return looseJob("demo.noting", async (ctx) => {
    note();
    await ctx.task("first", note);
    await ctx.sleep("rest", 10);
    note();
    await ctx.task("second", note);
  });
}

const NONE = [undefined, undefined, undefined, undefined];

Deno.test("async context: a batch that code of a job begins carries it to no other job", async () => {
  const seen: (string | undefined)[] = [];
  const reported = Promise.withResolvers<void>();
  const reporting = looseJob("demo.reporting", (ctx) =>
    ctx.task("report", async (task) => {
      await reported.promise;
      tenant.run("one", () => task.progress(1, 2));
      await new Promise(() => {});
    }));
  const daybook = await Harness.start({ definitions: [reporting, noting(seen)] });
  await daybook.submit("demo.reporting");
  reported.resolve();
  await reported.promise;
  await daybook.submit("demo.noting");
  await daybook.clock.advance(100);

  assert.deepEqual(seen, NONE);
});

Deno.test("async context: that of the caller who submits a job does not reach it", async () => {
  const seen: (string | undefined)[] = [];
  const daybook = await Harness.start({ definitions: [noting(seen)] });
  await tenant.run("request", () => daybook.submit("demo.noting"));
  await daybook.clock.advance(100);

  assert.deepEqual(seen, NONE);
});

// What code of a job may keep after its end.

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

/** Runs jobs and prints how many of their contexts outlive collections of the young generation. */
const COUNT_KEPT = `
import { Harness, looseJob } from "./tests/support/engine/engine_harness.ts";
const contexts = [];
const definition = looseJob("demo.freed", async (ctx) => {
  contexts.push(new WeakRef(ctx));
  await ctx.task("one", () => 1);
});
const daybook = await Harness.start({ definitions: [definition] });
for (let job = 0; job < 20; job++) await daybook.submit("demo.freed");
for (let round = 0; round < 2; round++) {
  // What a WeakRef refers to is kept until the turn of the loop ends.
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc({ type: "minor" });
}
console.log(contexts.filter((context) => context.deref() !== undefined).length);
`;

Deno.test("run: a call that has ended is freed with the young generation", async () => {
  const args = [
    "eval",
    "--no-check",
    "--v8-flags=--expose-gc,--no-incremental-marking",
    COUNT_KEPT,
  ];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const kept = Number(new TextDecoder().decode(stdout) || "NaN");
  assert.ok(kept < 10, `${kept} of 20 are kept`);
});
