/** The brief text about a job in a row of the jobs screen. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { jobSummary } from "../../src/core/job_summary.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { toRows } from "../../src/dashboard/jobs/rows.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { shipmentPlan, startApp, type TestApp } from "../support/http/http_app.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

const COUNTING = looseJob("test.counting", async (ctx) => {
  await ctx.task("count", async (task) => {
    await task.progress(3, 10);
    const { promise, resolve } = Promise.withResolvers<void>();
    task.signal.addEventListener("abort", () => resolve());
    await promise;
  });
});

const FLAKY = looseJob("test.flaky", async (ctx) => {
  await ctx.task("call", () => Promise.reject(new TypeError("no route")), {
    retry: { maxAttempts: 4, initialMs: 60_000, factor: 2, jitter: 0 },
  });
});

const SLEEPER = looseJob("test.sleeper", (ctx) => ctx.sleep("overnight", 3_600_000));

Deno.test("brief: a sleeping job says until when", async () => {
  const app = await start();
  assert.deepEqual(await said(app, { type: "test.sleeper", input: {} }), [
    "sleeping",
    "sleeps until 01:00:00 UTC",
  ]);
});

Deno.test("brief: a job that slept and then succeeded at once needed one attempt", async () => {
  const app = await start();
  const { jobId } = await (await app.post("/jobs", { type: "test.sleeper", input: {} })).json();
  await app.clock.settle();
  await app.clock.advance(3_600_000);
  await app.clock.settle();
  assert.deepEqual(await saidOf(app, jobId), ["succeeded", ""]);
});

async function start(): Promise<TestApp> {
  const definitions = [
    ...DEFINITIONS,
    COUNTING,
    FLAKY,
    SLEEPER,
  ] as unknown as readonly AnyJobDefinition[];
  return await startApp({ definitions, maxRunning: 1 });
}

/** Creates a job and returns its condition and brief text a moment later. */
async function said(app: TestApp, body: object): Promise<readonly string[]> {
  const response = await app.post("/jobs", body);
  const { jobId } = await response.json();
  await app.clock.settle();
  return await saidOf(app, jobId);
}

async function saidOf(app: TestApp, jobId: string): Promise<readonly string[]> {
  const job = app.engine.job(jobId as JobId);
  assert.ok(job);
  const [row] = await toRows(app, [jobSummary(job)]);
  return [row?.job.condition ?? "", row?.brief ?? ""];
}

Deno.test("brief: a job that has not started says when it will, or that it waits for a person", async () => {
  const app = await start();
  const plan = shipmentPlan("1");
  assert.deepEqual(await said(app, { plan, start: false }), [
    "created",
    "waits to be started",
  ]);
  assert.deepEqual(await said(app, { plan, startAt: "2026-01-01T00:10:00Z" }), [
    "scheduled",
    "starts at 00:10:00 UTC",
  ]);
});

Deno.test("brief: a waiting job names the events and their counts", async () => {
  const app = await start();
  const [shipped] = shipmentPlan("1").expected;
  const paid = { ...shipped, id: "paid", eventType: "shop.Paid", multiplicity: { times: 3 } };
  const plan = { expected: [paid, { ...shipped }] };
  await app.post("/jobs", { plan, jobId: "two" });
  await app.post("/events", { eventType: "shop.Paid", attributes: { orderId: "1" } });
  assert.deepEqual(await saidOf(app, "two"), [
    "waiting",
    "waits for paid, 1 of 3, and 1 more",
  ]);
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: "1" } });
  assert.deepEqual(await saidOf(app, "two"), ["waiting", "waits for paid, 1 of 3"]);
  await app.post("/jobs/two/suspend");
  assert.deepEqual(await saidOf(app, "two"), [
    "suspended",
    "starts nothing new until it is resumed",
  ]);
});

Deno.test("brief: a running job shows its task and progress, a queued one its position", async () => {
  const app = await start();
  assert.deepEqual(await said(app, { type: "test.counting", input: {} }), [
    "executing",
    "count, 3 of 10",
  ]);
  const greet = { type: "test.greet", input: { name: "Ann" } };
  assert.deepEqual(await said(app, greet), ["queued", "next for a worker"]);
  assert.deepEqual(await said(app, greet), ["queued", "1 before it"]);
  assert.deepEqual(await said(app, { ...greet, priority: -1 }), [
    "queued",
    "next for a worker",
  ]);
});

Deno.test("brief: a job that backs off gives the time, number and cause of the next attempt", async () => {
  const app = await start();
  const body = { type: "test.flaky", input: {}, jobId: "flaky" };
  assert.deepEqual(await said(app, body), [
    "backingOff",
    "call retries at 00:01:00 UTC, 2 of 4: TypeError: no route",
  ]);
  await app.clock.advance(60_000);
  assert.deepEqual(await saidOf(app, "flaky"), [
    "backingOff",
    "call retries at 00:02:00 UTC, 3 of 4: TypeError: no route",
  ]);
});

Deno.test("brief: a failed job says why, a compensating one what it undoes, and a done one nothing", async () => {
  const app = await start();
  const greet = { type: "test.greet", input: { name: "Ann" } };
  assert.deepEqual(await said(app, greet), ["succeeded", ""]);
  assert.deepEqual(await said(app, { type: "test.stuck", jobId: "stuck" }), [
    "compensating",
    "undoes reserve; NonRetryableError: the card is stolen",
  ]);
  await app.clock.advance(10_000);
  assert.deepEqual(await saidOf(app, "stuck"), [
    "failed",
    "needs attention; NonRetryableError: the card is stolen",
  ]);
  await app.post("/jobs", { plan: shipmentPlan("1"), jobId: "off" });
  await app.post("/jobs/off/cancel", { reason: "a customer rang" });
  assert.deepEqual(await saidOf(app, "off"), ["cancelled", "a customer rang"]);
});

Deno.test("rows: progress is that of the running task, not a count of expectations", async () => {
  const app = await start();
  const rowOf = async (jobId: string) => {
    const job = app.engine.job(jobId as JobId);
    assert.ok(job);
    return (await toRows(app, [jobSummary(job)]))[0];
  };
  await said(app, { type: "test.counting", input: {}, jobId: "counting" });
  assert.deepEqual((await rowOf("counting"))?.progress, { done: 3, total: 10 });
  await app.post("/jobs", { plan: shipmentPlan("1"), jobId: "plan" });
  assert.equal((await rowOf("plan"))?.progress, undefined);
});

Deno.test("rows: the time in the queue and the time taken are separate", async () => {
  const app = await start();
  await said(app, { type: "test.counting", input: {}, jobId: "first" });
  await said(app, { type: "test.greet", input: { name: "Ann" }, jobId: "second" });
  const lengths = async (jobId: string) => {
    const [summary] = app.engine.lists.summaries({ search: jobId, limit: 1 }).jobs;
    assert.ok(summary);
    const [row] = await toRows(app, [summary]);
    return [row?.queued, row?.took];
  };
  await app.clock.advance(5_000);
  assert.deepEqual(await lengths("first"), [
    { ms: 0, isOngoing: false },
    { ms: 5_000, isOngoing: true },
  ]);
  assert.deepEqual(await lengths("second"), [{ ms: 5_000, isOngoing: true }, undefined]);
  await app.post("/jobs/first/cancel");
  await app.clock.settle();
  await app.clock.advance(2_000);
  assert.deepEqual(await lengths("first"), [
    { ms: 0, isOngoing: false },
    { ms: 5_000, isOngoing: false },
  ]);
  assert.deepEqual(await lengths("second"), [
    { ms: 5_000, isOngoing: false },
    { ms: 0, isOngoing: false },
  ]);
});
