/** Whatever happens to jobs, the totals are correct, even after a crash. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobWatch } from "../../src/engine/watches.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { MemoryJournal } from "../../src/journal/memory_journal.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { assertCensus } from "./census_truth.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { shipmentPlan, startApp, type TestApp } from "../support/http/http_app.ts";
import { assertAgrees, assertUnfinished, scrape } from "./metrics_truth.ts";

const CREATIONS = [
  { type: "test.greet", input: { name: "x" } },
  { type: "test.greet", input: { name: "x" }, start: false },
  { type: "test.doomed", input: {} },
  { type: "test.stuck" },
  { type: "test.parcel", input: { orderId: "42" } },
  { plan: shipmentPlan("42") },
  { plan: shipmentPlan("42"), start: false },
  { plan: shipmentPlan("42"), startAt: "2026-01-01T00:00:30Z" },
];

type Step =
  | { readonly kind: "create"; readonly body: object }
  | { readonly kind: "control"; readonly name: string; readonly job: number }
  | { readonly kind: "ship" }
  | { readonly kind: "advance"; readonly ms: number };

const CONTROLS = ["start", "cancel", "suspend", "resume", "retry"];
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: create() },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("control" as const),
        name: fc.constantFrom(...CONTROLS),
        job: fc.nat(30),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "ship" } as const) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(6_000) }),
    },
  ),
  { minLength: 5, maxLength: 25 },
);

function create(): fc.Arbitrary<Step> {
  return fc.record({ kind: fc.constant("create" as const), body: fc.constantFrom(...CREATIONS) });
}

async function take(app: TestApp, step: Step): Promise<void> {
  switch (step.kind) {
    case "create":
      return void await app.post("/jobs", step.body);
    case "control": {
      const { jobs } = app.engine.list({ limit: 100 });
      const job = jobs[step.job % Math.max(1, jobs.length)];
      return void await app.post(`/jobs/${job?.jobId}/${step.name}`);
    }
    case "ship":
      return void await app.post("/events", {
        eventType: "shop.ParcelShipped",
        attributes: { orderId: "42" },
      });
    case "advance":
      return await app.clock.advance(step.ms);
  }
}

Deno.test("/metrics and census: they agree with the jobs after any change, and after a crash", async () => {
  const conditions = new Set<string>();
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const app = await startApp({ maxRunning: 1 });
      for (const step of all) await take(app, step);
      // The crash comes in the middle; the other process continues until nothing moves.
      const { content } = app.journal;
      await app.clock.settle();
      assertAgrees(await scrape(app), app.engine);
      await assertCensus(app.engine, app.clock.now());
      for (const condition of app.engine.activity.conditions.keys()) conditions.add(condition);
      const next = await startApp({ maxRunning: 1, content, clock: app.clock });
      await app.clock.settle();
      assertUnfinished(await scrape(next), next.engine);
      await assertCensus(next.engine, next.clock.now());
      await next.engine.stop(0);
      const bare = await startApp({ definitions: [], content, clock: app.clock });
      await assertCensus(bare.engine, bare.clock.now());
      for (const { jobId } of bare.engine.list({ limit: 100 }).jobs) {
        await bare.post(`/jobs/${jobId}/cancel`);
      }
      await assertCensus(bare.engine, bare.clock.now());
    }),
    { numRuns: rounds(60, 1_000, 8) },
  );
  if (IS_QUICK) return;
  for (
    const name of ["created", "scheduled", "executing", "waiting", "suspended", "compensating"]
  ) {
    assert.ok(conditions.has(name), `no job was ever ${name}`);
  }
});

Deno.test("/metrics: one that loses every other change is caught", async () => {
  const [clock, random] = [new FakeClock(), new FakeRandom()];
  const metrics = new Metrics({ types: [] });
  let told = 0;
  const forgetful: JobWatch = {
    changed: (change) => {
      if (told++ % 2 === 0) metrics.jobs.changed(change);
    },
  };
  const engine = new JobEngine({ clock, random, definitions: [], maxRunning: 1, watch: forgetful });
  const { journal } = await MemoryJournal.open({ clock, random, consumer: engine.consumer });
  await engine.start(journal);
  const app = createApp({ engine, clock, metrics: metrics.of(engine) });
  const get = async (path: string) => await app.request(path);
  assertAgrees(await scrape({ get }), engine);
  const plan = { expected: [] };
  const headers = { "content-type": "application/json" };
  await app.request("/jobs", { method: "POST", headers, body: JSON.stringify({ plan }) });
  const scraped = await scrape({ get });
  assert.throws(() => assertAgrees(scraped, engine), assert.AssertionError);
});
