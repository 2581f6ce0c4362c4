/** The overview's figures over time, compared with the list of all that happened. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Condition, CONDITIONS } from "../../src/core/condition.ts";
import type { ConditionChange } from "../../src/engine/watches.ts";
import { TREND_SPANS, type TrendSpan } from "../../src/metrics/figures.ts";
import {
  DURATION_BUCKETS,
  DURATION_ERROR,
  durationBucket,
  durationQuantile,
  Trends,
} from "../../src/metrics/trends.ts";
import { combineJobWatches } from "../../src/metrics/metrics.ts";
import { EPOCH_MS, FakeClock } from "../support/fake_clock.ts";
import { DEFINITIONS, Gate, gatedJobs } from "../support/http/http_definitions.ts";
import { createAndRun, startApp } from "../support/http/http_app.ts";
import { cases } from "../support/effort.ts";

const SPANS = Object.keys(TREND_SPANS) as TrendSpan[];
const TYPES = ["shop.a", "shop.b"];

function startTrends() {
  const clock = new FakeClock();
  return { clock, trends: new Trends({ clock, types: TYPES }) };
}

function change(to: Condition, rest: Partial<ConditionChange> = {}): ConditionChange {
  return { type: "shop.a", from: "executing", to, stayedMs: undefined, ...rest };
}

type Step = { readonly waitMs: number; readonly change: ConditionChange };

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.oneof(fc.nat(500), fc.nat(100_000), fc.nat(5_000_000)),
  change: fc.record({
    type: fc.constantFrom(undefined, ...TYPES, "shop.forgotten"),
    from: fc.constantFrom(undefined, "queued", "executing", "waiting") as fc.Arbitrary<
      Condition | undefined
    >,
    to: fc.constantFrom(...CONDITIONS),
    stayedMs: fc.option(fc.nat(1_000_000), { nil: undefined }),
  }),
});

/** What happened in one interval, found by a full scan. */
function expectedAt(happened: readonly (Step & { atMs: number })[], fromMs: number, ms: number) {
  const within = happened.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + ms)
    .map(({ change }) => change);
  const stays = (from: Condition) =>
    within.filter((one) => one.from === from).flatMap(({ stayedMs }) => stayedMs ?? [])
      .toSorted((left, right) => left - right);
  return {
    created: within.filter(({ from }) => from === undefined).length,
    succeeded: within.filter(({ to }) => to === "succeeded").length,
    failed: within.filter(({ to }) => to === "failed").length,
    cancelled: within.filter(({ to }) => to === "cancelled").length,
    queued: stays("queued"),
    run: stays("executing"),
  };
}

function assertMedian(read: { p50Ms: number } | undefined, stays: readonly number[]): void {
  const truth = stays[Math.ceil(stays.length / 2) - 1];
  if (truth === undefined) return assert.equal(read, undefined);
  assert.ok(read !== undefined);
  if (truth === 0) return assert.equal(read.p50Ms, 0);
  const factor = Math.max(read.p50Ms / truth, truth / read.p50Ms);
  assert.ok(factor <= DURATION_ERROR * (1 + 1e-9), `${read.p50Ms} for ${truth}`);
}

Deno.test("trends: each interval shows what happened in it, whatever comes later", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(4_000_000), (steps, restMs) => {
      const { clock, trends } = startTrends();
      const happened = steps.map((one) => {
        clock.pass(one.waitMs);
        trends.changed(one.change);
        return { ...one, atMs: clock.now() };
      });
      clock.pass(restMs);
      for (const span of SPANS) {
        const { intervalMs, intervals } = TREND_SPANS[span];
        const { points, whole } = trends.trend(span);
        assert.ok(points.length >= 1 && points.length <= intervals);
        const last = points.at(-1)!.fromMs;
        assert.ok(last <= clock.now() && clock.now() < last + intervalMs);
        points.forEach(({ fromMs, queued, run, sync: _, ...counts }, index) => {
          assert.equal(fromMs, last - (points.length - 1 - index) * intervalMs);
          const { queued: waits, run: runs, ...expected } = expectedAt(
            happened,
            fromMs,
            intervalMs,
          );
          assert.deepEqual(counts, expected);
          assertMedian(queued, waits);
          assertMedian(run, runs);
        });
        const shown = expectedAt(happened, points[0]!.fromMs, intervals * intervalMs);
        assert.equal(whole.created, shown.created);
        assertMedian(whole.queued, shown.queued);
      }
    }),
    { numRuns: cases(200) },
  );
});

Deno.test("trends: failures are counted by type, in the last hour and since the start", () => {
  const { clock, trends } = startTrends();
  const fail = (type: string | undefined) => trends.changed(change("failed", { type }));
  fail("shop.a");
  fail("shop.a");
  clock.pass(3_600_000);
  fail("shop.b");
  fail(undefined);
  fail("shop.forgotten");
  fail("shop.forgotten, too");
  trends.changed(change("cancelled"));
  assert.deepEqual(trends.failingTypes(), [
    { type: { of: "other" }, lastHour: 2, sinceStart: 2 },
    { type: { of: "plan" }, lastHour: 1, sinceStart: 1 },
    { type: { of: "definition", name: "shop.b" }, lastHour: 1, sinceStart: 1 },
    { type: { of: "definition", name: "shop.a" }, lastHour: 0, sinceStart: 2 },
  ]);
});

Deno.test("trends: the time of a sync is that of the disk", () => {
  const { trends } = startTrends();
  for (const durationMs of [2, 2, 2, 40]) trends.committed({ entries: 1, bytes: 1, durationMs });
  const { sync } = trends.trend("10m").whole;
  assert.ok(sync !== undefined);
  assert.ok(Math.abs(sync.p50Ms / 2 - 1) < 0.045, String(sync.p50Ms));
  assert.ok(Math.abs(sync.p95Ms / 40 - 1) < 0.045, String(sync.p95Ms));
});

Deno.test("trends: setting the clock moves the times shown, and loses nothing", () => {
  let [now, monotonic] = [EPOCH_MS + 5_000, 0];
  const clock = Object.assign(new FakeClock(), { now: () => now, monotonic: () => monotonic });
  const trends = new Trends({ clock, types: TYPES });
  trends.changed(change("succeeded"));
  [now, monotonic] = [now - 3_600_000, 12_000];
  trends.changed(change("failed"));
  assert.equal(trends.sinceMs, EPOCH_MS + 5_000 - 3_612_000);
  const { points } = trends.trend("10m");
  assert.deepEqual(points.map(({ succeeded, failed }) => [succeeded, failed]), [[1, 0], [0, 1]]);
  assert.equal(points[1]!.fromMs - points[0]!.fromMs, 10_000);
  assert.ok(points[1]!.fromMs <= now && now < points[1]!.fromMs + 10_000);
});

Deno.test("trends: they follow the jobs of a real engine, and the disk of its journal", async () => {
  const gate = new Gate();
  const app = await startApp({ definitions: [...DEFINITIONS, ...gatedJobs(gate)], maxRunning: 1 });
  await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.gated");
  await createAndRun(app, "test.greet", { name: "x" });
  await app.clock.advance(5_000);
  gate.open();
  await app.clock.settle();
  const { queued, run, sync, ...counts } = app.trends.trend("10m").whole;
  assert.deepEqual(counts, { created: 3, succeeded: 2, failed: 1, cancelled: 0 });
  assert.ok(queued !== undefined && run !== undefined && sync !== undefined);
  for (const { p95Ms } of [queued, run]) assert.ok(Math.abs(p95Ms / 5_000 - 1) < 0.045);
  assert.deepEqual(app.trends.failingTypes(), [
    { type: { of: "definition", name: "test.doomed" }, lastHour: 1, sinceStart: 1 },
  ]);
});

Deno.test("watches: one that throws does not affect the other, and its failure is reported", () => {
  const told: string[] = [];
  const watch = combineJobWatches(
    {
      changed() {
        throw new Error("out of ink");
      },
    },
    { changed: () => told.push("other") },
  );
  assert.throws(() => watch.changed(change("failed")), /out of ink/);
  assert.deepEqual(told, ["other"]);
});

function counted(durations: readonly number[]): Uint32Array {
  const counts = new Uint32Array(DURATION_BUCKETS);
  for (const ms of durations) counts[durationBucket(ms)]! += 1;
  return counts;
}

/** The nearest rank: the least duration that this share of all do not exceed. */
function quantileOf(durations: readonly number[], part: number): number {
  const rank = Math.max(1, Math.ceil(part * durations.length));
  return durations.toSorted((left, right) => left - right)[rank - 1]!;
}

const duration = fc.oneof(
  fc.constant(0),
  fc.nat(100_000),
  fc.double({ min: 0.01, max: 1e9, noNaN: true }),
);

Deno.test("duration buckets: a quantile is at most 4.5 % from the true one", () => {
  assert.ok(DURATION_ERROR < 1.045);
  fc.assert(
    fc.property(
      fc.array(duration, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(0.5, 0.95, 0, 1),
      (durations, part) => {
        const read = durationQuantile(counted(durations), part);
        const truth = quantileOf(durations, part);
        assert.ok(read !== undefined);
        if (truth === 0) return assert.equal(read, 0);
        const factor = Math.max(read / truth, truth / read);
        assert.ok(factor <= DURATION_ERROR * (1 + 1e-9), `${read} for ${truth}`);
      },
    ),
    { numRuns: cases(2_000) },
  );
});

Deno.test("duration buckets: without counts there is no quantile, and every number has a bucket", () => {
  assert.equal(durationQuantile(counted([]), 0.5), undefined);
  assert.equal(durationQuantile(counted([0, 0.001]), 0.95), 0);
  for (const ms of [-1, Number.NaN, Number.MIN_VALUE, 1e300, Infinity]) {
    const bucket = durationBucket(ms);
    assert.ok(bucket >= 0 && bucket < DURATION_BUCKETS, String(ms));
  }
});
