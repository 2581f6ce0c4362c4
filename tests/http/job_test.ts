/** `GET /jobs` and `GET /jobs/:id`: lists, the resource, tags and long polls. */

import assert from "node:assert/strict";
import {
  API_ROUTES,
  createAndRun,
  createPlan,
  type JobBody,
  jsonOf,
  problemOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import * as v from "valibot";
import { jobAnswer, jobsAnswer, jobSummaryAnswer } from "../../src/documents/answers/job.ts";
import { formatCursor } from "../../src/documents/parameters.ts";
import { engineThatLooked } from "../support/http/bounded_engine.ts";

type Listed = JobBody & Partial<v.InferOutput<typeof jobSummaryAnswer>>;

interface ListBody {
  readonly jobs: readonly Listed[];
  readonly nextCursor: string | null;
}

async function list(app: TestApp, query = ""): Promise<ListBody> {
  return await jsonOf<ListBody>(await app.get(`/jobs${query}`), 200);
}

async function idsOf(app: TestApp, query: string): Promise<readonly string[]> {
  return (await list(app, query)).jobs.map(({ jobId }) => jobId);
}

Deno.test("GET /jobs: pages go from the newest to the oldest, and the last has no cursor", async () => {
  const app = await startApp();
  for (const jobId of ["a", "b", "c", "d", "e"]) await createPlan(app, { jobId });
  const pages: string[][] = [];
  for (let query: string | null = "?limit=2"; query !== null;) {
    const page: ListBody = await list(app, query);
    pages.push(page.jobs.map(({ jobId }) => jobId));
    query = page.nextCursor === null ? null : `?limit=2&cursor=${page.nextCursor}`;
  }
  assert.deepEqual(pages, [["e", "d"], ["c", "b"], ["a"]]);
});

Deno.test("GET /jobs: it returns summaries, and with view=full whole jobs", async () => {
  const app = await startApp();
  const failed = await createAndRun(app, "test.doomed");
  const { jobId: waiting } = await createPlan(app, { plan: shipmentPlan("7") });
  const retry = await jsonOf(await app.post(`/jobs/${failed.jobId}/retry`), 201);
  await app.clock.settle();
  const whole = (await list(app, "?view=full")).jobs;
  assert.ok(v.is(v.array(jobAnswer), whole));
  assert.deepEqual(whole.map(({ jobId }) => jobId), [retry.jobId, waiting, failed.jobId]);
  const one = await jsonOf<JobBody>(await app.get(`/jobs/${waiting}`), 200);
  assert.deepEqual(whole[1], one);

  const { jobs } = await list(app);
  assert.ok(v.is(v.array(jobSummaryAnswer), jobs));
  assert.deepEqual((await list(app, "?view=summary")).jobs, jobs);
  for (const [index, summary] of jobs.entries()) {
    const { progress: _, queuedMs: _q, open: _o, retriedBy: _r, failure, ...own } = summary;
    const all = whole[index] as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(own)) assert.deepEqual(value, all[name], name);
    assert.equal(failure === null, all["failure"] === null);
  }
  assert.deepEqual(jobs.map(({ queuedMs }) => queuedMs), [0, null, 0]);
  assert.deepEqual(jobs[1]?.open, {
    tasks: [],
    expected: [{ id: one.expected[0]?.id, matched: 0, required: 1 }],
  });
  const { retriedBy, failure, open } = jobs[2] ?? {};
  assert.deepEqual([retriedBy, open], [retry.jobId, undefined]);
  assert.equal(failure?.fingerprint, failed.failure?.["fingerprint"]);
  assert.deepEqual(Object.keys(failure?.error ?? {}), ["name", "message"]);
});

Deno.test("GET /jobs: a page has at most 50 whole jobs", async () => {
  const app = await startApp();
  await jsonOf(await app.get("/jobs?view=full&limit=50"), 200);
  await jsonOf(await app.get("/jobs?limit=500"), 200);
  for (
    const [query, parameter, detail] of [
      ["view=full&limit=51", "limit", "must be a whole number from 1 to 50 with view=full"],
      ["view=whole", "view", "must be one of summary, full"],
    ]
  ) {
    const problem = await problemOf(await app.get(`/jobs?${query}`), 422, "invalid-request");
    assert.deepEqual(problem["errors"], [{ parameter, detail }]);
  }
});

Deno.test("GET /jobs: filters narrow by state, condition, type and labels", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "idle", start: false, labels: { team: "a", at: "10:30" } });
  await createPlan(app, { jobId: "waits", labels: { team: "a" } });
  const { jobId: greeted } = await createAndRun(app, "test.greet", { name: "Ann" });
  assert.deepEqual(await idsOf(app, "?state=Running"), ["waits"]);
  assert.deepEqual(await idsOf(app, "?state=Running,Created"), ["waits", "idle"]);
  assert.deepEqual(await idsOf(app, "?state=Done&state=Created"), [greeted, "idle"]);
  assert.deepEqual(await idsOf(app, "?condition=succeeded,created"), [greeted, "idle"]);
  assert.deepEqual(await idsOf(app, "?type=test.greet"), [greeted]);
  assert.deepEqual(await idsOf(app, "?label=team:a&label=at:10:30"), ["idle"]);
  assert.deepEqual(await idsOf(app, "?label=team:b"), []);
});

Deno.test("GET /jobs: createdAfter and createdBefore are exclusive, in any time zone", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "first" });
  await app.clock.advance(1_000);
  await createPlan(app, { jobId: "second" });
  assert.deepEqual(await idsOf(app, "?createdAfter=2026-01-01T00:00:00Z"), ["second"]);
  assert.deepEqual(await idsOf(app, "?createdBefore=2026-01-01T01:00:01%2B01:00"), ["first"]);
});

Deno.test("GET /jobs: search takes words, and finds ids, types, labels and errors", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "Order-17", labels: { team: "Shop" } });
  const { jobId: doomed } = await createAndRun(app, "test.doomed");
  assert.deepEqual(await idsOf(app, "?search=order-17"), ["Order-17"]);
  assert.deepEqual(await idsOf(app, "?search=team:shop"), ["Order-17"]);
  assert.deepEqual(await idsOf(app, "?search=STOLEN+card"), [doomed]);
  assert.deepEqual(await idsOf(app, "?search=card&state=Running"), []);
  assert.deepEqual(await idsOf(app, "?search=.*"), []);
  assert.equal("searched" in await list(app, "?search=nothing"), false);
});

Deno.test("GET /jobs: a search that ended early says how far it looked, and where to continue", async () => {
  const { app } = await startApp({ engine: await engineThatLooked(100_000) });
  const response = await app.request("/jobs?search=nothing");
  const body = await jsonOf<ListBody>(response, 200);
  assert.deepEqual(body, {
    jobs: [],
    nextCursor: formatCursor("jobs", 7),
    searched: { jobs: 100_000, backTo: "2026-01-01T00:00:00.000Z" },
  });
  assert.ok(v.is(jobsAnswer, body));
});

Deno.test("GET /jobs: a failure has a fingerprint, which finds failures of its kind", async () => {
  const app = await startApp();
  const one = await createAndRun(app, "test.doomed");
  const other = await createAndRun(app, "test.doomed");
  await app.post("/jobs", { type: "test.stuck" });
  await app.clock.advance(10_000);
  assert.equal(one.failure?.["fingerprint"], other.failure?.["fingerprint"]);
  const found = await idsOf(app, `?fingerprint=${one.failure?.["fingerprint"]}`);
  assert.deepEqual(found, [other.jobId, one.jobId]);
  const { jobId } = await createPlan(app);
  const cancelled = await jsonOf(await app.post(`/jobs/${jobId}/cancel`), 200);
  assert.equal(cancelled.failure?.["fingerprint"], null);
});

Deno.test("GET /jobs: retried filters by whether a job has a retry", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const retry = await jsonOf(await app.post(`/jobs/${jobId}/retry`), 201);
  await app.clock.settle();
  assert.deepEqual(await idsOf(app, "?state=Failed&retried=false"), [retry.jobId]);
  assert.deepEqual(await idsOf(app, "?state=Failed&retried=true"), [jobId]);
});

Deno.test("GET /jobs/:id: a finished job shows its output and what satisfied it", async () => {
  const app = await startApp();
  const job = await createAndRun(app, "test.greet", { name: "Ann" });
  assert.deepEqual([job.state, job.condition, job.output], ["Done", "succeeded", "hello Ann"]);
  assert.deepEqual(job.tasks.map(({ taskId, status }) => [taskId, status]), [
    ["main", "completed"],
    ["greet", "completed"],
  ]);
  const [main] = job.expected;
  assert.deepEqual([main?.["satisfied"], main?.["by"]], [true, [job.lastLogId]]);
  assert.notEqual(job.endedAt, null);
});

Deno.test("GET /jobs/:id: a failed job shows what was undone and what is left in place", async () => {
  const app = await startApp();
  const job = await createAndRun(app, "test.doomed");
  assert.deepEqual([job.state, job.condition], ["Failed", "failed"]);
  const statuses = Object.fromEntries(job.tasks.map(({ taskId, status }) => [taskId, status]));
  assert.equal(statuses["reserve"], "compensated");
  assert.equal(statuses["charge"], "failed");
  const { kind, taskId, recoveryRequired, leftInPlace } = job.failure ?? {};
  assert.deepEqual(
    { kind, taskId, recoveryRequired, leftInPlace },
    { kind: "poison", taskId: "charge", recoveryRequired: false, leftInPlace: ["mail"] },
  );
});

Deno.test("GET /jobs/:id: the status of a task shows that its compensation is running", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf(await app.post("/jobs", { type: "test.stuck" }), 202);
  await app.clock.settle();
  const during = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  assert.equal(during.state, "Compensating");
  assert.equal(during.tasks[1]?.status, "compensating");
  await app.clock.advance(10_000);
  const after = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  assert.equal(after.tasks[1]?.status, "compensationFailed");
  assert.equal(after.failure?.["recoveryRequired"], true);
});

Deno.test("/jobs/:id: an unknown job is 404 on every route", async () => {
  const app = await startApp();
  const routes = API_ROUTES.filter(({ path }) => path.startsWith("/jobs/:id"));
  assert.ok(routes.length >= 15, `${routes.length} routes`);
  for (const { method, path } of routes) {
    const url = path.replace(":id", "nobody") + (path.endsWith("/diff") ? "?from=1" : "");
    const response = method === "GET" ? await app.get(url) : await app.post(url, {});
    await problemOf(response, 404, "unknown-job");
  }
});

for (const id of ["a%2Fb", "..%2F..%2Fetc", "%00", "a%0Ab", "a%20b", "%E0%A4%A", "x".repeat(200)]) {
  Deno.test(`GET /jobs/:id: the illegal id ${id.slice(0, 20)} is 404`, async () => {
    const app = await startApp();
    await problemOf(await app.get(`/jobs/${id}`), 404, "unknown-job");
    await problemOf(await app.post(`/jobs/${id}/cancel`), 404, "unknown-job");
  });
}

Deno.test("GET /jobs/:id: the tag is the last logId, and a known one is 304", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createPlan(app);
  const response = await app.get(`/jobs/${jobId}`);
  await response.text();
  assert.equal(response.headers.get("etag"), `"${lastLogId}"`);
  for (const tag of [`"${lastLogId}"`, `W/"${lastLogId}"`, `"1000", "${lastLogId}"`, "*"]) {
    const unchanged = await app.get(`/jobs/${jobId}`, { "if-none-match": tag });
    assert.equal(unchanged.status, 304);
    assert.equal(await unchanged.text(), "");
  }
  await jsonOf(await app.get(`/jobs/${jobId}`, { "if-none-match": '"1"' }), 200);
});

Deno.test("GET /jobs/:id: with Prefer wait and a known tag it answers at the next change", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createPlan(app);
  const headers = { prefer: "wait=30", "if-none-match": `"${lastLogId}"` };
  const pending = app.get(`/jobs/${jobId}`, headers);
  await app.clock.advance(10_000);
  await app.post(`/jobs/${jobId}/suspend`);
  const response = await pending;
  assert.equal(response.headers.get("preference-applied"), "wait=30");
  assert.equal((await jsonOf(response, 200)).condition, "suspended");
});

Deno.test("GET /jobs/:id: with Prefer wait and without a change in time it is 304", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createPlan(app);
  const headers = { prefer: "wait=30", "if-none-match": `"${lastLogId}"` };
  const pending = app.get(`/jobs/${jobId}`, headers);
  await app.clock.advance(30_000);
  assert.equal((await pending).status, 304);
});

Deno.test("GET /jobs/:id: with Prefer wait alone it answers at the end of the job", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const pending = app.get(`/jobs/${jobId}`, { prefer: "wait=30" });
  await app.post(`/jobs/${jobId}/suspend`);
  await app.post(`/jobs/${jobId}/resume`);
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } });
  assert.equal((await jsonOf(await pending, 200)).state, "Done");
});

Deno.test("GET /jobs/:id: a long poll leaves no timer after its answer", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const armed = app.clock.armed;
  const pending = app.get(`/jobs/${jobId}`, { prefer: "wait=30" });
  await app.clock.settle();
  await app.post(`/jobs/${jobId}/cancel`);
  await (await pending).text();
  await app.clock.settle();
  assert.equal(app.clock.armed, armed);
});

interface EntriesBody {
  readonly entries: readonly { logId: number; eventType: string; jobId?: string }[];
  readonly nextCursor: string | null;
}

Deno.test("GET /jobs/:id/events: it returns only the job's entries, in pages", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await createPlan(app, { plan: shipmentPlan("43") });
  await app.post(`/jobs/${jobId}/suspend`, { reason: "lunch" });
  const first = await jsonOf<EntriesBody>(await app.get(`/jobs/${jobId}/events?limit=2`), 200);
  assert.deepEqual(first.entries.map(({ eventType }) => eventType), [
    "job.JobCreated",
    "job.JobStarted",
  ]);
  const path = `/jobs/${jobId}/events?limit=2&cursor=${first.nextCursor}`;
  const second = await jsonOf<EntriesBody>(await app.get(path), 200);
  assert.deepEqual(second.entries.map(({ eventType }) => eventType), ["job.JobSuspended"]);
  assert.equal(second.nextCursor, null);
  const whole = await jsonOf<EntriesBody>(await app.get(`/jobs/${jobId}/events`), 200);
  assert.deepEqual(whole.entries, [...first.entries, ...second.entries]);
  assert.deepEqual(whole.entries, await app.engine.history.of(jobId as never, 0, 10));
});

Deno.test("GET /jobs/:id/events: NDJSON has a line for each entry", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const response = await app.get(`/jobs/${jobId}/events`, { accept: "application/x-ndjson" });
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const lines = (await response.text()).split("\n");
  assert.equal(lines.pop(), "");
  assert.deepEqual(lines.map((line) => JSON.parse(line).jobId), [jobId, jobId]);
});
