/** One action on many jobs: how many, in what order, and where it stops. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import {
  BULK_MAX,
  type BulkRequest,
  previewBulk,
  runBulk,
} from "../../src/http/requests/bulk_action.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { createAndRun, createPlan, startApp, type TestApp } from "../support/http/http_app.ts";

async function withPlans(count: number): Promise<TestApp> {
  const app = await startApp();
  const creations = Array.from(
    { length: count },
    (_, index) => createPlan(app, { jobId: `job-${index + 1}` }),
  );
  await Promise.all(creations);
  return app;
}

function all(app: TestApp, action: BulkRequest["action"]): BulkRequest {
  return { action, filter: {}, upTo: app.engine.headLogId, again: false };
}

function waiting(app: TestApp): number {
  return app.engine.lists.count({ conditions: ["waiting"] }).jobs;
}

Deno.test("runBulk: it acts on up to the limit, the newest first, and says where to continue", async () => {
  const app = await withPlans(BULK_MAX + 200);
  const request = all(app, "cancel");
  const first = await runBulk(app.engine, request);
  assert.deepEqual([first.done.length, first.left.jobs], [BULK_MAX, 200]);
  const oldest = app.engine.job("job-1" as JobId);
  assert.equal(oldest?.state, "Running");
  assert.ok(first.next !== undefined);
  const rest = await runBulk(app.engine, { ...request, before: first.next });
  assert.deepEqual([rest.done.length, rest.left.jobs, rest.next], [200, 0, undefined]);
  assert.equal(waiting(app), 0);
});

Deno.test("runBulk: many jobs share a batch", async () => {
  const app = await withPlans(320);
  const { batches: before } = app.journal.content;
  const count = before.length;
  await runBulk(app.engine, all(app, "suspend"));
  assert.ok(app.journal.content.batches.length - count <= 40);
});

/** Reserves, fails, and cannot release what it reserved. */
const stranded = defineJob({
  type: "test.stranded",
  version: 1,
  input: v.optional(v.unknown()),
  async run(ctx) {
    const compensate = () => Promise.reject(new NonRetryableError("nobody answers"));
    await ctx.task("reserve", () => "goods", { compensate });
    await ctx.task("charge", () => Promise.reject(new NonRetryableError("refused")));
  },
}) as unknown as AnyJobDefinition;

Deno.test("runBulk: a job that requires recovery is not retried in bulk", async () => {
  const app = await startApp({ definitions: [...DEFINITIONS, stranded] });
  const { jobId } = await createAndRun(app, "test.stranded");
  await createAndRun(app, "test.doomed");
  const request = all(app, "retry");
  const { count, byHand } = previewBulk(app.engine, request);
  assert.deepEqual([count.jobs, byHand], [1, 1]);
  const { done, skipped } = await runBulk(app.engine, request);
  assert.equal(done.length, 1);
  assert.deepEqual([...skipped], [
    ["effects that could not be undone have to be fixed by hand first", [jobId]],
  ]);
});

Deno.test("runBulk: a job that changed since it was selected is skipped", async () => {
  const app = await withPlans(100);
  app.journal.hold();
  const running = runBulk(app.engine, all(app, "cancel"));
  // Its turn has not come yet: the batch of earlier ones is held.
  const first = app.engine.control("job-1" as JobId, { kind: "cancel" });
  app.journal.release();
  const report = await running;
  assert.ok((await first).ok);
  assert.equal(report.done.length, 99);
  assert.deepEqual([...report.skipped], [["state is Failed", ["job-1"]]]);
});

Deno.test("runBulk: on a full disk it stops, says how far it got, and can be repeated", async () => {
  const app = await withPlans(100);
  app.journal.failNext(new JournalFullError("no room"));
  const request = all(app, "cancel");
  const report = await runBulk(app.engine, request);
  assert.equal(report.stopped?.kind, "disk-full");
  assert.ok(report.done.length < 100);
  assert.equal(report.left.jobs, 100 - report.done.length);
  assert.equal(waiting(app), report.left.jobs);
  const again = await runBulk(app.engine, { ...request, before: report.next ?? 0 });
  assert.equal(again.stopped, undefined);
  assert.equal(report.done.length + again.done.length, 100);
  assert.equal(waiting(app), 0);
});

Deno.test("runBulk: with a failed journal it stops, and `done` lists what was durable", async () => {
  const app = await withPlans(10);
  app.journal.failNext(new JournalFailedError("sync failed"));
  const report = await runBulk(app.engine, all(app, "cancel"));
  assert.equal(report.stopped?.kind, "outcome-unknown");
  assert.deepEqual(report.done, []);
});

Deno.test("runBulk: when the process stops it stops too, and says so", async () => {
  const app = await withPlans(100);
  app.journal.hold();
  const running = runBulk(app.engine, all(app, "cancel"));
  const stopped = app.engine.stop(0);
  app.journal.release();
  const report = await running;
  assert.equal(report.stopped?.kind, "draining");
  assert.ok(report.done.length > 0 && report.done.length < 100);
  assert.equal(report.left.jobs, 100 - report.done.length);
  await app.clock.advance(10_000);
  await stopped;
});

Deno.test("runBulk: at a limit of the engine it stops, and can continue later", async () => {
  const app = await startApp({ limits: { jobsMax: 2 } });
  for (let index = 0; index < 5; index++) await createAndRun(app, "test.doomed");
  await createPlan(app);
  const report = await runBulk(app.engine, all(app, "retry"));
  assert.equal(report.stopped?.kind, "over-capacity");
  assert.equal(report.done.length, 1);
  assert.equal(report.left.jobs, 4);
});

Deno.test("runBulk: two at once retry each job once", async () => {
  const app = await startApp();
  for (let index = 0; index < 5; index++) await createAndRun(app, "test.doomed");
  const request = all(app, "retry");
  const reports = await Promise.all([1, 2, 3].map(() => runBulk(app.engine, request)));
  assert.equal(reports.flatMap(({ done }) => done).length, 5);
  assert.equal(app.engine.lists.count({}).jobs, 10);
});
