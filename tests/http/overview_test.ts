/** `GET /overview`: the first page of the dashboard, for programs. */

import assert from "node:assert/strict";
import { CONDITIONS } from "../../src/core/condition.ts";
import { STATE_NAMES } from "../../src/core/job_state.ts";
import { TREND_SPANS, type TrendSpan } from "../../src/metrics/figures.ts";
import { Trends } from "../../src/metrics/trends.ts";
import { pageOf, regionOf } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  createAndRun,
  jsonOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { startMixedJobs } from "../support/http/mixed_conditions.ts";

interface Happenings {
  readonly created: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly queued: unknown;
  readonly run: unknown;
  readonly sync: unknown;
}

interface OverviewBody {
  readonly jobs: {
    readonly all: number;
    readonly byState: Record<string, number>;
    readonly byCondition: Record<string, number>;
  };
  readonly workers: unknown;
  readonly oldestQueued: { readonly jobId: string; readonly forMs: number } | null;
  readonly trend: {
    readonly span: string;
    readonly countedSince: string;
    readonly intervalMs: number;
    readonly points: readonly (Happenings & { readonly from: string })[];
    readonly whole: Happenings;
  } | null;
  readonly failingTypes: unknown;
  readonly attention: {
    readonly failed: readonly { readonly jobId: string; readonly failure: unknown }[];
    readonly waiting: readonly {
      readonly jobId: string;
      readonly since: string;
      readonly waitsFor: readonly unknown[];
    }[];
    readonly parked: unknown;
  };
  readonly diskFreeBytes: number | null;
}

async function overviewOf(app: TestApp, query = ""): Promise<OverviewBody> {
  return await jsonOf<OverviewBody>(await app.get(`/overview${query}`), 200);
}

/** A value of a map, or 0 if it is missing. */
function counts<Kind extends string>(kinds: readonly Kind[], map: ReadonlyMap<Kind, number>) {
  return Object.fromEntries(kinds.map((kind) => [kind, map.get(kind) ?? 0]));
}

Deno.test("overview route: the counts, workers and the oldest queued job agree with the engine and the page", async () => {
  const app = await startMixedJobs();
  const { jobs, workers, oldestQueued } = await overviewOf(app);
  const census = app.engine.census();
  assert.deepEqual(jobs, {
    all: census.jobs,
    byState: counts(STATE_NAMES, census.states),
    byCondition: counts(CONDITIONS, census.conditions),
  });
  assert.deepEqual(workers, { used: 1, max: 1 });
  assert.ok(oldestQueued);
  assert.equal(oldestQueued.forMs, 5_000);
  const page = regionOf(await pageOf(app, "/"), "census");
  assert.ok(page.includes(`href="/ui/jobs/${oldestQueued.jobId}"`));
  const tiles = [...page.matchAll(/condition=(\w+)"><span class="tile-count">(\d+)</g)];
  assert.deepEqual(
    Object.fromEntries(tiles.map(([, condition, count]) => [condition, Number(count)])),
    jobs.byCondition,
  );
});

Deno.test("overview route: the trend of each span equals that of the port", async () => {
  const app = await startMixedJobs();
  await app.clock.advance(25 * 60_000);
  await createAndRun(app, "test.parcel", { orderId: "2" });
  for (const span of Object.keys(TREND_SPANS) as TrendSpan[]) {
    const { trend } = await overviewOf(app, `?span=${span}`);
    assert.ok(trend);
    assert.equal(trend.span, span);
    assert.equal(trend.intervalMs, TREND_SPANS[span].intervalMs);
    assert.equal(Date.parse(trend.countedSince), app.trends.sinceMs);
    const { points, whole } = app.trends.trend(span);
    const durations = ({ queued, run, sync }: Partial<Happenings>) => ({
      queued: queued ?? null,
      run: run ?? null,
      sync: sync ?? null,
    });
    assert.deepEqual(trend.whole, { ...whole, ...durations(whole) });
    assert.deepEqual(
      trend.points,
      points.map(({ fromMs, ...point }) => ({
        from: new Date(fromMs).toISOString(),
        ...point,
        ...durations(point),
      })),
    );
  }
  const { trend } = await overviewOf(app, "?span=1h");
  assert.deepEqual(
    [trend?.whole.created, trend?.whole.succeeded, trend?.whole.failed, trend?.whole.cancelled],
    [12, 1, 2, 1],
  );
  assert.equal(trend?.points.some(({ run }) => run === null), true);
  assert.notEqual(trend?.whole.run, null);
});

Deno.test("overview route: it covers the requested span, ten minutes by default, and refuses others", async () => {
  const app = await startApp();
  assert.equal((await overviewOf(app)).trend?.span, "10m");
  const { errors } = await problemOf(await app.get("/overview?span=1y"), 422, "invalid-request");
  assert.deepEqual(errors, [{ parameter: "span", detail: "must be one of 10m, 1h, 24h" }]);
});

Deno.test("overview route: what may need a person is listed with the reason", async () => {
  const app = await startMixedJobs();
  const { attention, failingTypes } = await overviewOf(app);
  const engine = await app.engine.attention.read();
  assert.equal(attention.failed.length, 2);
  assert.deepEqual(
    attention.failed.map(({ jobId }) => jobId),
    engine.failed.map(({ jobId }) => jobId),
  );
  for (const { jobId, failure } of attention.failed) {
    assert.deepEqual(failure, (await jsonOf(await app.get(`/jobs/${jobId}`), 200)).failure);
  }
  assert.deepEqual(
    attention.waiting.map(({ jobId, since }) => [jobId, since]),
    engine.waiting.map(({ job, since }) => [job.jobId, since]),
  );
  assert.deepEqual(attention.waiting[0]?.waitsFor, [
    { id: "shipped", eventType: "shop.ParcelShipped", matched: 0, required: 1 },
  ]);
  assert.deepEqual(attention.parked, []);
  assert.deepEqual(failingTypes, [
    { of: "definition", type: "test.doomed", lastHour: 2, sinceStart: 2 },
  ]);
});

Deno.test("overview route: it lists jobs that no definition runs", async () => {
  const old = await startApp();
  const request = { type: "test.parcel", input: { orderId: "1" } };
  const { jobId } = await jsonOf(await old.post("/jobs", request), 202);
  const app = await startApp({ definitions: [], content: old.journal.content, clock: old.clock });
  const { attention } = await overviewOf(app);
  const message = "no definition of type test.parcel is loaded";
  const newest = { jobId, message, links: { self: `/jobs/${jobId}` } };
  assert.deepEqual(attention.parked, [
    { reason: "noDefinition", type: "test.parcel", jobs: 1, newest },
  ]);
});

Deno.test("overview route: figures that are not counted are null", async () => {
  const { trend, failingTypes, diskFreeBytes, jobs, oldestQueued } = await overviewOf(
    await startApp({ overview: undefined }),
  );
  assert.deepEqual([trend, failingTypes, diskFreeBytes, oldestQueued], [null, null, null, null]);
  assert.equal(jobs.all, 0);
  const clock = new FakeClock();
  const overview = new Trends({ clock, types: [], diskFree: () => Promise.resolve(1_234) });
  assert.equal((await overviewOf(await startApp({ clock, overview }))).diskFreeBytes, 1_234);
});

Deno.test("overview route: the curl calls on the page use the route, with the span of the page", async () => {
  const app = await startApp();
  const html = await pageOf(app, "/?span=1h");
  const calls = [...html.matchAll(/curl -s &#39;?(http:\/\/localhost\/overview[^&<]*)/g)]
    .map(([, url = ""]) => url);
  assert.deepEqual(calls, ["http://localhost/overview?span=1h"]);
  assert.doesNotMatch(html, /localhost\/metrics/);
  const [url = ""] = calls;
  const { pathname, search } = new URL(url);
  assert.equal(
    (await overviewOf(app, `${pathname}${search}`.slice("/overview".length))).trend?.span,
    "1h",
  );
});
