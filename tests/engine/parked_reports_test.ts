/** Reports about jobs as they are parked. */

import assert from "node:assert/strict";
import { ParkedReports } from "../../src/engine/views/parked_reports.ts";
import type { Applied } from "../../src/core/job_fold.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { looseJob } from "../support/engine/loose_job.ts";

const job = (step: string) =>
  looseJob("demo.order", async (ctx) => {
    await ctx.task(step, () => 1);
    await ctx.task("stay", (task) =>
      new Promise<void>((_, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
      }));
  });

Deno.test("parked: a job that turns out not to fit is reported, the first ten one by one", async () => {
  const daybook = await Harness.start({ definitions: [job("book")], maxRunning: 12 });
  for (let at = 0; at < 12; at++) await daybook.submit("demo.order");
  const parked: string[] = [];
  const news = new ParkedReports((message) => parked.push(message));
  const next = await daybook.crash([job("reserve")]);
  await next.clock.advance(120_000);
  for (const { jobId } of next.engine.list({ limit: 50 }).jobs) {
    const state = next.job(jobId);
    assert.equal(next.condition(jobId), "parked");
    const entry = (await next.entries(jobId)).find(({ eventType }) =>
      eventType === "job.JobParked"
    );
    news.see({ entry, job: state } as Applied);
  }
  assert.equal(parked.length, 11);
  assert.match(
    parked[0] ?? "",
    /^job job_\S+ of type demo\.order was parked \(diverged\): .*book/,
  );
  assert.match(parked[10] ?? "", /not reported one by one/);
});
