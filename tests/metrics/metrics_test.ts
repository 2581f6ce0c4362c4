/** The values of `/metrics`, compared with the jobs and the journal. */

import assert from "node:assert/strict";
import { isTerminal } from "../../src/core/job_state.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { TokenList } from "../../src/access/tokens.ts";
import { createApp } from "../../src/http/app.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { MemoryJournal } from "../../src/testing/memory_journal.ts";
import type { Standing } from "../../src/core/standing.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { replaced } from "../support/engine/replaced.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { DEFINITIONS, Gate, gatedJobs } from "../support/http/http_definitions.ts";
import {
  createAndRun,
  createPlan,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { readMetrics, valueOf } from "../support/http/metrics_text.ts";
import { assertAgrees, scrape, type Scraped } from "./metrics_truth_test.ts";
import { unlimited } from "../support/engine/unlimited.ts";

/** Jobs with each outcome, and some without one. */
async function runAll(app: TestApp): Promise<void> {
  await createAndRun(app, "test.greet", { name: "x" });
  await createAndRun(app, "test.greet", { name: "y" });
  await createAndRun(app, "test.doomed");
  const parcel = await createAndRun(app, "test.parcel", { orderId: "1" });
  await app.post(`/jobs/${parcel.jobId}/cancel`);
  const plan = await createPlan(app);
  await app.post("/events", {
    eventType: "shop.ParcelShipped",
    attributes: { orderId: "42" },
    jobId: plan.jobId,
  });
  await createPlan(app, { start: false });
  await createPlan(app);
  const held = await createPlan(app);
  await app.post(`/jobs/${held.jobId}/suspend`);
  await app.clock.settle();
}

Deno.test("/metrics: jobs are counted by type and by how they end", async () => {
  const app = await startApp();
  const before = await scrape(app);
  assert.equal(valueOf(before, "daybook_jobs_total", { type: "test.greet", outcome: "failed" }), 0);
  await runAll(app);
  const scraped = await scrape(app);
  const ended = (type: string, outcome: string) =>
    valueOf(scraped, "daybook_jobs_total", { type, outcome });
  assert.equal(ended("test.greet", "succeeded"), 2);
  assert.equal(ended("test.greet", "failed"), 0);
  assert.equal(ended("test.doomed", "failed"), 1);
  assert.equal(ended("test.parcel", "cancelled"), 1);
  assert.equal(ended("(none)", "succeeded"), 1);
  assert.equal(valueOf(scraped, "daybook_jobs_created_total", { type: "(none)" }), 4);
  assertAgrees(scraped, app.engine);
});

Deno.test("/metrics: time in the queue and run time are separate, while they last and after", async () => {
  const gate = new Gate();
  const app = await startApp({ definitions: gatedJobs(gate), maxRunning: 1 });
  await createAndRun(app, "test.gated");
  await app.clock.advance(2_000);
  await createAndRun(app, "test.gated");
  await app.clock.advance(5_000);
  const during = await scrape(app);
  assert.equal(valueOf(during, "daybook_queue_depth"), 1);
  assert.equal(valueOf(during, "daybook_oldest_queued_age_seconds"), 5);
  assert.equal(valueOf(during, "daybook_workers_busy"), 1);
  assert.equal(valueOf(during, "daybook_workers_max"), 1);
  assertAgrees(during, app.engine);
  gate.open();
  await app.clock.settle();
  const after = await scrape(app);
  const type = "test.gated";
  assert.equal(valueOf(after, "daybook_job_queued_seconds_sum", { type }), 5);
  assert.equal(valueOf(after, "daybook_job_queued_seconds_count", { type }), 2);
  assert.equal(valueOf(after, "daybook_job_queued_seconds_bucket", { type, le: "0.001" }), 1);
  assert.equal(valueOf(after, "daybook_job_run_seconds_sum", { type }), 7);
  assert.equal(valueOf(after, "daybook_oldest_queued_age_seconds"), 0);
  assertAgrees(after, app.engine);
});

/**
 * One busy worker, a job that has waited for it for 5 s, and one that returned to the queue for 3
 * s.
 */
async function startBusy(): Promise<TestApp> {
  const definitions = [...DEFINITIONS, ...gatedJobs(new Gate())];
  const app = await startApp({ definitions, maxRunning: 1 });
  await createAndRun(app, "test.parcel", { orderId: "1" });
  await createAndRun(app, "test.gated");
  await app.post("/jobs", { type: "test.greet", input: { name: "z" }, start: false });
  await app.clock.advance(2_000);
  const late = await createAndRun(app, "test.greet", { name: "x" });
  await app.clock.advance(2_000);
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: "1" } });
  await app.clock.advance(3_000);
  assert.equal(valueOf(await scrape(app), "daybook_oldest_queued_age_seconds"), 5);
  await app.post(`/jobs/${late.jobId}/cancel`);
  assert.equal(valueOf(await scrape(app), "daybook_oldest_queued_age_seconds"), 3);
  return app;
}

for (const end of ["a crash", "a stop that leaves a snapshot"] as const) {
  Deno.test(`/metrics: after ${end} counters start at zero, and gauges are correct`, async () => {
    const old = await startBusy();
    if (end !== "a crash") {
      const stopped = old.engine.stop(0);
      // The gated job ignores its signal; a stop waits for it up to the limit.
      await old.clock.advance(20_000);
      await stopped;
      await old.journal.close();
      assert.notEqual(old.journal.content.snapshot, null);
    }
    const { content } = old.journal;
    const waitedMs = end === "a crash" ? 3_000 : 23_000;
    const definitions = gatedJobs(new Gate());
    const app = await startApp({ definitions, maxRunning: 1, content, clock: old.clock });
    await app.clock.settle();
    const jobs = app.engine.lists.page({ limit: 100 }).jobs;
    const ended = jobs.filter(isTerminal).length;
    const scraped = await scrape(app);
    assertAgrees(scraped, app.engine, { created: jobs.length, ended });
    assert.equal(
      valueOf(scraped, "daybook_unfinished_jobs", { condition: "parked" }),
      1,
      "the parcel has no definition",
    );
    assert.equal(valueOf(scraped, "daybook_oldest_queued_age_seconds"), 0);
    assert.equal(valueOf(scraped, "daybook_recovery_clean"), end === "a crash" ? 0 : 1);
    const parcel = jobs.find(({ type }) => type === "test.parcel");
    await app.post(`/jobs/${parcel?.jobId}/cancel`);
    const unstarted = jobs.find(({ state }) => state === "Created");
    await app.post(`/jobs/${unstarted?.jobId}/cancel`);
    const later = await scrape(app);
    const labels = { type: "(other)", outcome: "cancelled" };
    assert.equal(valueOf(later, "daybook_jobs_total", labels), 1);
    assert.equal(
      valueOf(later, "daybook_job_queued_seconds_sum", { type: "(other)" }),
      waitedMs / 1000,
    );
    assertAgrees(later, app.engine, { created: jobs.length, ended });
  });
}

Deno.test("/metrics: batches add up to the journal", async () => {
  const app = await startApp();
  await runAll(app);
  const scraped = await scrape(app);
  const { head, bytes } = await app.engine.journalInfo();
  assert.equal(valueOf(scraped, "daybook_journal_head_log_id"), head.logId);
  assert.equal(valueOf(scraped, "daybook_journal_batch_entries_sum"), head.logId);
  assert.equal(valueOf(scraped, "daybook_journal_bytes"), bytes);
  assert.equal(valueOf(scraped, "daybook_journal_batch_bytes_sum"), bytes);
  const { batches } = app.journal.content;
  assert.equal(valueOf(scraped, "daybook_journal_sync_seconds_count"), batches.length);
});

Deno.test("/metrics: the time of a sync is that of the disk", async () => {
  const app = await startApp();
  app.journal.hold();
  const created = createPlan(app);
  await app.clock.advance(250);
  assert.ok((valueOf(await scrape(app), "daybook_journal_pending_bytes") ?? 0) > 0);
  app.journal.release();
  await created;
  const scraped = await scrape(app);
  assert.equal(valueOf(scraped, "daybook_journal_sync_seconds_sum"), 0.25);
  assert.equal(valueOf(scraped, "daybook_journal_pending_bytes"), 0);
});

Deno.test("/metrics: the number of series does not grow with jobs, and none names a job", async () => {
  const app = await startApp();
  const series = (scraped: Scraped) =>
    [...scraped.values()].reduce((sum, { samples }) => sum + samples.length, 0);
  await runAll(app);
  const before = series(await scrape(app));
  for (let round = 0; round < 5; round++) await runAll(app);
  const text = await (await app.get("/metrics")).text();
  assert.equal(series(readMetrics(text)), before);
  for (const { jobId } of app.engine.lists.page({ limit: 1_000 }).jobs) {
    assert.ok(!text.includes(jobId));
  }
});

Deno.test("/metrics: an unknown value is left out, and present again when it is known", async () => {
  let free: number | undefined = 5;
  const metrics = new Metrics({ types: [], diskFree: () => Promise.resolve(free) });
  const { engine, clock } = await startApp();
  const app = createApp({ engine, clock, metrics: metrics.of(engine) });
  const shown = async () =>
    valueOf(
      await scrape({ get: async (path) => await app.request(path) }),
      "daybook_journal_disk_free_bytes",
    );
  assert.equal(await shown(), 5);
  free = undefined;
  assert.equal(await shown(), undefined);
  free = 0;
  assert.equal(await shown(), 0);
});

Deno.test("/metrics: the leader of a shared journal is shown, and nothing of it for a journal in a folder", async () => {
  const { engine, clock } = await startApp();
  const standing: Standing = {
    role: "following",
    since: "2026-01-01T00:00:00.000Z",
    leader: { writer: "wri_a", url: "http://a.test" },
    why: null,
    copy: { logId: 7, entriesBehind: 3, msBehind: 1_500 },
    databaseSilentSince: "2026-01-01T00:00:01.000Z",
    database: { address: "postgres://db", standbyDemanded: true, standbys: 1, settings: {} },
  };
  const textOf = async (metrics: Metrics) => {
    const app = createApp({ engine, clock, metrics: metrics.of(engine) });
    return await (await app.request("/metrics")).text();
  };
  assert.doesNotMatch(await textOf(new Metrics({ types: [] })), /daybook_shared/);
  const lines = (await textOf(new Metrics({ types: [], membership: { standing, follows: true } })))
    .split("\n").filter((line) => line.startsWith("daybook_shared"));
  assert.deepEqual(lines, [
    "daybook_shared_leading 0",
    "daybook_shared_since_timestamp_seconds 1767225600",
    "daybook_shared_behind_entries 3",
    "daybook_shared_behind_seconds 1.5",
    "daybook_shared_database_silent 1",
    "daybook_shared_standby_demanded 1",
    "daybook_shared_standbys 1",
    'daybook_shared_leader{url="http://a.test",writer="wri_a",why=""} 1',
  ]);
});

Deno.test("/metrics: of processes that share a journal, only the leader counts jobs", async () => {
  const leaderOnly = [
    "daybook_recorded_jobs",
    "daybook_queue_depth",
    "daybook_unfinished_jobs",
    "daybook_workers_max",
  ];
  for (const follows of [true, false]) {
    const standing: Standing = {
      role: follows ? "following" : "leading",
      since: "2026-01-01T00:00:00.000Z",
      leader: { writer: "wri_a", url: "http://a.test" },
      why: null,
      copy: null,
      databaseSilentSince: null,
      database: null,
    };
    const metrics = new Metrics({ types: ["test.greet"], membership: { standing, follows } });
    const change = { type: "test.greet", stayedMs: 10 } as const;
    metrics.jobs.changed({ ...change, from: undefined, to: "created", stayedMs: undefined });
    metrics.jobs.changed({ ...change, from: "queued", to: "executing" });
    metrics.jobs.changed({ ...change, from: "executing", to: "succeeded" });
    const { engine, clock } = await startApp();
    const app = createApp({ engine, clock, metrics: metrics.of(engine) });
    const scraped = readMetrics(await (await app.request("/metrics")).text());
    const count = follows ? 0 : 1;
    const type = "test.greet";
    assert.equal(valueOf(scraped, "daybook_jobs_created_total", { type }), count);
    assert.equal(valueOf(scraped, "daybook_jobs_total", { type, outcome: "succeeded" }), count);
    for (const name of leaderOnly) {
      const text = await (await app.request("/metrics")).text();
      assert.equal(text.includes(`\n${name}`), !follows, name);
    }
    assert.equal(valueOf(scraped, "daybook_index_jobs"), 0);
  }
});

Deno.test("/metrics and GET /journal: how many ended jobs the index has, and how many wait for it", async () => {
  const app = await startApp();
  const greet = async (times: number) => {
    for (let n = 0; n < times; n++) await createAndRun(app, "test.greet", { name: "x" });
    // Jobs leave memory with the next batch.
    await createPlan(app);
    await app.clock.settle();
  };
  const told = async () => {
    const scraped = await scrape(app);
    const { index } = await (await app.get("/journal")).json();
    const metrics = {
      jobs: valueOf(scraped, "daybook_index_jobs"),
      waiting: valueOf(scraped, "daybook_index_waiting_jobs"),
    };
    assert.deepEqual(index, metrics);
    return index;
  };
  await greet(3);
  assert.deepEqual(await told(), { jobs: 3, waiting: 0 });
  const accept = replaced(SqliteJobIndex.prototype, "put", { value: () => false });
  await greet(2);
  accept();
  assert.deepEqual(await told(), { jobs: 3, waiting: 2 });
  await greet(10);
  assert.deepEqual(await told(), { jobs: 15, waiting: 0 });
});

Deno.test("/metrics: open streams and a failed journal are shown", async () => {
  const app = await startApp();
  const stream = (await app.get("/stream")).body?.getReader();
  await stream?.read();
  assert.equal(valueOf(await scrape(app), "daybook_open_streams"), 1);
  await stream?.cancel();
  await app.clock.settle();
  assert.equal(valueOf(await scrape(app), "daybook_open_streams"), 0);
  assert.equal(valueOf(await scrape(app), "daybook_journal_failed"), 0);
  app.journal.failNext(new Error("the disk is gone"));
  await (await app.post("/jobs", { plan: { expected: [] } })).text();
  assert.equal(valueOf(await scrape(app), "daybook_journal_failed"), 1);
});

Deno.test("/metrics: it needs scope read, and an app without counters has no such route", async () => {
  const [read, submit] = ["read-token-0123456789", "submit-token-0123456789"];
  const access = new TokenList([
    { token: read, scopes: ["read"] },
    { token: submit, scopes: ["submit"] },
  ]);
  const app = await startApp({ access });
  const as = (token: string) => app.get("/metrics", { authorization: `Bearer ${token}` });
  await problemOf(await app.get("/metrics"), 401, "unauthorized");
  await problemOf(await as(submit), 403, "forbidden");
  readMetrics(await (await as(read)).text());
  const bare = createApp({ engine: app.engine, clock: app.clock });
  await problemOf(await bare.request("/metrics"), 404, "not-found");
});

Deno.test("counting: a counter that throws is reported, and neither jobs nor the journal stop", async () => {
  const [clock, random] = [new FakeClock(), new FakeRandom()];
  const defects: unknown[] = [];
  const warnings: string[] = [];
  const fail = () => {
    throw new Error("out of numbers");
  };
  const engine = new JobEngine({
    ...unlimited(),
    clock,
    random,
    definitions: DEFINITIONS,
    maxRunning: 1,
    watch: { changed: fail },
    onDefect: (error) => void defects.push(error),
  });
  const { journal } = await MemoryJournal.open({
    clock,
    random,
    consumer: engine.consumer,
    watch: { committed: fail },
    warn: (message) => void warnings.push(message),
  });
  await engine.start(journal);
  const created = await engine.create({ type: "test.greet", input: { name: "x" } } as never);
  await clock.settle();
  assert.ok(created.ok);
  assert.equal(engine.lists.page({ limit: 1 }).jobs[0]?.state, "Done");
  assert.equal(engine.failed, false);
  assert.ok(defects.length > 0);
  assert.equal(warnings[0], "Cannot count a batch: out of numbers");
});

const GOOD = '# HELP a A.\n# TYPE a counter\na{b="x\\"\\\\\\n",c="d"} 2\n';

Deno.test("metrics text: names, labels with escapes and values are parsed", () => {
  assert.equal(valueOf(readMetrics(GOOD), "a", { b: 'x"\\\n', c: "d" }), 2);
  assert.equal(valueOf(readMetrics(GOOD), "a"), undefined);
});

const HISTOGRAM = "# HELP h H.\n# TYPE h histogram\n";

for (
  const [flaw, text] of [
    ["a sample without a type", "a 1\n"],
    ["a type without help", "# TYPE a counter\na 1\n"],
    ["a name that is none", "# HELP a A.\n# TYPE a counter\na-b 1\n"],
    ["a sample of another family", GOOD + "b 1\n"],
    ["a family twice", GOOD + GOOD],
    ["a series twice", GOOD + 'a{c="d",b="x\\"\\\\\\n"} 3\n'],
    ["a value that is no number", "# HELP a A.\n# TYPE a gauge\na x\n"],
    ["a counter below 0", "# HELP a A.\n# TYPE a counter\na -1\n"],
    ["a quotation mark that is not escaped", '# HELP a A.\n# TYPE a gauge\na{b="x"y"} 1\n'],
    ["no end of the last line", GOOD.trimEnd()],
    ["buckets that fall", HISTOGRAM + 'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ["a count that no bucket has", HISTOGRAM + 'h_bucket{le="+Inf"} 1\nh_count 2\n'],
  ] as const
) {
  Deno.test(`metrics text: ${flaw} is refused`, () => {
    assert.throws(() => readMetrics(text), SyntaxError);
  });
}
