/** Whatever happens to jobs, the totals are correct, even after a crash. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobWatch } from "../../src/engine/watches.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { MemoryJournal } from "../../src/testing/memory_journal.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { shipmentPlan, startApp, type TestApp } from "../support/http/http_app.ts";
import { type Condition, deriveCondition } from "../../src/core/condition.ts";
import { isTerminal, type JobState } from "../../src/core/job_state.ts";
import { type Family, readMetrics, valueOf } from "../support/http/metrics_text.ts";
import { ATTENTION_MAX } from "../../src/engine/views/attention.ts";
import { unlimited } from "../support/engine/unlimited.ts";

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
      const { jobs } = app.engine.lists.page({ limit: 100 });
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
      for (const { jobId } of bare.engine.lists.page({ limit: 100 }).jobs) {
        await bare.post(`/jobs/${jobId}/cancel`);
      }
      await assertCensus(bare.engine, bare.clock.now());
    }),
    { numRuns: rounds(40, 1_000, 8) },
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
  const engine = new JobEngine({
    clock,
    random,
    ...unlimited(),
    definitions: [],
    maxRunning: 1,
    watch: forgetful,
  });
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

export type Scraped = ReadonlyMap<string, Family>;

export async function scrape(app: Pick<TestApp, "get">): Promise<Scraped> {
  const response = await app.get("/metrics");
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  return readMetrics(text);
}

/** The sum of all series of a family. */
function total(scraped: Scraped, name: string): number {
  return (scraped.get(name)?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Counts the jobs one by one and compares, for a process that started without jobs. */
export function assertAgrees(
  scraped: Scraped,
  engine: JobEngine,
  began = { created: 0, ended: 0 },
): void {
  const { jobs } = engine.lists.page({ limit: 10_000 });
  const ended = jobs.filter(isTerminal).length;
  assertUnfinished(scraped, engine);
  assert.equal(valueOf(scraped, "daybook_recorded_jobs"), jobs.length);
  assert.equal(total(scraped, "daybook_jobs_created_total"), jobs.length - began.created);
  assert.equal(total(scraped, "daybook_jobs_total"), ended - began.ended);
}

export function assertUnfinished(scraped: Scraped, engine: JobEngine): void {
  const counts = new Map<Condition, number>();
  for (const job of engine.lists.page({ limit: 10_000 }).jobs) {
    const condition = deriveCondition(job);
    if (!isTerminal(job)) counts.set(condition, (counts.get(condition) ?? 0) + 1);
  }
  for (const { labels, value } of scraped.get("daybook_unfinished_jobs")?.samples ?? []) {
    const condition = labels["condition"] as Condition;
    assert.equal(value, counts.get(condition) ?? 0, condition);
    counts.delete(condition);
  }
  assert.deepEqual([...counts], [], "conditions that are not shown");
}

/** Counts the jobs again, reads from the journal since when they wait, and compares. */
export async function assertCensus(engine: JobEngine, nowMs: number): Promise<void> {
  const { jobs } = engine.lists.page({ limit: 10_000 });
  const census = engine.census();
  assert.equal(census.jobs, jobs.length);
  assert.deepEqual(present(census.states), tally(jobs.map(({ state }) => state)));
  assert.deepEqual(present(census.conditions), tally(jobs.map((job) => deriveCondition(job))));

  const queued = await sinceOf(engine, jobs.filter((job) => deriveCondition(job) === "queued"));
  const oldest = queued[0];
  assert.deepEqual(
    census.oldestQueued,
    oldest && { jobId: oldest.job.jobId, queuedMs: nowMs - Date.parse(oldest.since) },
  );
  await assertAttention(engine, jobs);
}

async function assertAttention(engine: JobEngine, jobs: readonly JobState[]): Promise<void> {
  const retried = new Set(jobs.map(({ retryOf }) => retryOf));
  const failed = jobs.filter((job) => job.state === "Failed")
    .filter((job) => deriveCondition(job) === "failed" && !retried.has(job.jobId))
    .toSorted((left, right) => right.endedBy - left.endedBy);
  const waiting = await sinceOf(engine, jobs.filter((job) => deriveCondition(job) === "waiting"));
  const parked = jobs.flatMap(({ type, parked }) => parked ? [`${parked.reason} ${type}`] : []);
  const attention = await engine.attention.read();
  const told = attention.parked.map(({ reason, type, jobs }) =>
    [`${reason} ${type}`, jobs] as const
  );
  assert.deepEqual(Object.fromEntries(told), tally(parked));
  assert.deepEqual(attention.failed, failed.slice(0, ATTENTION_MAX));
  assert.deepEqual(attention.waiting, waiting.slice(0, ATTENTION_MAX));
}

/** With the time since which each is in its condition, the oldest first. */
async function sinceOf(engine: JobEngine, jobs: readonly JobState[]) {
  const found = await Promise.all(jobs.map(async (job) => {
    const entries = await engine.history.of(job.jobId, 0, 10_000);
    const last = entries.findLast((entry) => engine.transitionAt(entry) !== undefined);
    assert.ok(last);
    return { job, since: last.receivedAt, logId: last.logId };
  }));
  return found.toSorted((left, right) => left.logId - right.logId)
    .map(({ job, since }) => ({ job, since }));
}

function tally<Kind extends string>(kinds: readonly Kind[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function present(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
}
