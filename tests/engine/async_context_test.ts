/** Async context that code of a job or a caller sets reaches no other job. */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { Harness } from "../support/engine/engine_harness.ts";
import { looseJob } from "../support/engine/loose_job.ts";

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
