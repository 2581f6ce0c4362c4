/** `POST /jobs`: what it creates and answers. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as v from "valibot";
import type { JobCreatedAttributes } from "../../src/core/framework_events.ts";
import {
  createPlan,
  type JobBody,
  jsonOf,
  pointersOf,
  problemOf,
  shipmentPlan,
  startApp,
} from "../support/http/http_app.ts";
import { timeIn } from "../support/fake_clock.ts";
import type { JobId } from "../../src/core/ids.ts";
import {
  planDocument,
  planField,
  toPlan,
  toPlanDocument,
} from "../../src/documents/plan_schema.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";

const GREET = { type: "test.greet", input: { name: "Ann" } };

Deno.test("POST /jobs: a job with code is accepted, with its Location and all its members", async () => {
  const app = await startApp();
  const response = await app.post("/jobs", { ...GREET, priority: -2, labels: { team: "a b" } });
  const job = await jsonOf(response, 202);
  assert.equal(response.headers.get("location"), `/jobs/${job.jobId}`);
  assert.deepEqual(Object.keys(job), [
    ...["jobId", "type", "definitionVersion", "state", "condition", "createdAt", "startedAt"],
    ...["endedAt", "firstLogId", "lastLogId", "priority", "labels", "input", "output"],
    ...["expected", "tasks", "failure", "links"],
  ]);
  assert.equal(job.state, "Running");
  assert.equal(job.condition, "queued");
  assert.equal(job.priority, -2);
  assert.deepEqual(job.labels, { team: "a b" });
  assert.deepEqual(job.input, GREET.input);
  assert.deepEqual([job.endedAt, job.output, job.failure], [null, null, null]);
});

Deno.test("POST /jobs: a plan's expectations are flat, and defaults are filled in", async () => {
  const app = await startApp();
  const job = await createPlan(app);
  assert.equal(job.type, null);
  assert.equal(job.condition, "waiting");
  assert.deepEqual(job.expected, [{
    id: "shipped",
    kind: "DomainFact",
    eventType: "shop.ParcelShipped",
    correlation: { equals: { orderId: "42" } },
    multiplicity: "ExactlyOnce",
    required: 1,
    matched: 0,
    satisfied: false,
    by: [],
  }]);
});

Deno.test("POST /jobs: a plan with every option is accepted unchanged", async () => {
  const app = await startApp();
  const expectation = {
    id: "paid",
    kind: "ExternalSignal",
    eventType: "job.TaskCompleted",
    correlation: { all: [{ in: { "a.b": [1, "x", null] } }, { not: { anyOf: ["any"] } }] },
    taskId: "charge",
    multiplicity: { times: 3 },
  };
  const matcher = { eventType: "a.B", correlation: { equals: { x: true } } };
  const policy = {
    errors: [matcher, { eventType: "a.C" }],
    compensation: { succeeded: matcher, failed: { eventType: "a.D" } },
    onCompensated: "Done",
  };
  const job = await createPlan(app, { plan: { expected: [expectation], policy } });
  assert.deepEqual(job.expected, [
    { ...expectation, required: 3, matched: 0, satisfied: false, by: [] },
  ]);
});

Deno.test("POST /jobs: with start false the job stays Created until it is started", async () => {
  const app = await startApp();
  const job = await createPlan(app, { start: false });
  assert.deepEqual([job.state, job.condition, job.startedAt], ["Created", "created", null]);
});

Deno.test("POST /jobs: startAt delays the start, up to its limit", async () => {
  const app = await startApp({ maxStartDelayMs: 60_000 });
  const job = await createPlan(app, { startAt: timeIn(60_000) });
  assert.equal(job.condition, "scheduled");
  await app.clock.advance(60_000);
  assert.equal((await jsonOf(await app.get(`/jobs/${job.jobId}`), 200)).condition, "waiting");
});

Deno.test("POST /jobs: a startAt beyond the limit is 422 and says that Daybook is not cron", async () => {
  const app = await startApp({ maxStartDelayMs: 60_000 });
  const body = { plan: { expected: [] }, startAt: timeIn(60_001) };
  const problem = await problemOf(await app.post("/jobs", body), 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/startAt"]);
  assert.match(problem.errors?.[0]?.detail ?? "", /at most 1 min .* not a cron engine/);
});

Deno.test("POST /jobs: a startAt in the past starts at once, and is on record", async () => {
  const app = await startApp();
  const job = await createPlan(app, { startAt: "2025-12-31T23:59:59+01:00" });
  assert.equal(job.condition, "waiting");
  const [created] = await app.engine.entries(job.firstLogId - 1, 1);
  assert.ok(created?.eventType === "job.JobCreated");
  assert.equal((created.attributes as JobCreatedAttributes).startAt, "2025-12-31T22:59:59.000Z");
});

Deno.test("POST /jobs: a startAt with start false is 422", async () => {
  const app = await startApp();
  const body = { plan: { expected: [] }, startAt: timeIn(1_000), start: false };
  const problem = await problemOf(await app.post("/jobs", body), 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/start"]);
});

Deno.test("POST /jobs: an unknown type is 422 with the known ones", async () => {
  const app = await startApp();
  const problem = await problemOf(await app.post("/jobs", { type: "x" }), 422, "unknown-type");
  assert.deepEqual(pointersOf(problem), ["/type"]);
  assert.match(problem.detail, /test\.greet/);
});

Deno.test("POST /jobs: an input that its schema refuses is 422 with a pointer into the input", async () => {
  const app = await startApp();
  const body = { type: "test.greet", input: { name: 1, "a/b~c": 2 } };
  const problem = await problemOf(await app.post("/jobs", body), 422, "invalid-request");
  assert.deepEqual(pointersOf(problem).toSorted(), ["/input/a~1b~0c", "/input/name"]);
});

Deno.test("POST /jobs: the caller's jobId is used, once", async () => {
  const app = await startApp();
  assert.equal((await createPlan(app, { jobId: "order:42" })).jobId, "order:42");
  const again = await app.post("/jobs", { plan: shipmentPlan("43"), jobId: "order:42" });
  const problem = await problemOf(again, 409, "job-exists");
  assert.deepEqual(pointersOf(problem), ["/jobId"]);
  assert.match(problem.detail, /it exists; choose another jobId, or send an Idempotency-Key/);
});

Deno.test("POST /jobs: the same key and body replay the first answer", async () => {
  const app = await startApp();
  const headers = { "idempotency-key": "k-1" };
  const first = await app.post("/jobs", GREET, headers);
  await app.clock.settle();
  const again = await app.post("/jobs", JSON.stringify(GREET, null, 2), headers);
  assert.equal(first.headers.get("idempotency-replayed"), null);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal(again.headers.get("location"), first.headers.get("location"));
  assert.deepEqual(await jsonOf(again, 202), await jsonOf(first, 202));
});

Deno.test("POST /jobs: the same key with another body is 422 and names the job", async () => {
  const app = await startApp();
  const headers = { "idempotency-key": "k-1" };
  const { jobId } = await jsonOf(await app.post("/jobs", GREET, headers), 202);
  const again = await app.post("/jobs", { ...GREET, priority: 1 }, headers);
  const problem = await problemOf(again, 422, "idempotency-key-reused");
  assert.ok(problem.detail.includes(jobId));
});

for (const key of ["", "a b", "ü", "x".repeat(256)]) {
  Deno.test(`POST /jobs: ${JSON.stringify(key.slice(0, 9))} is not a valid Idempotency-Key`, async () => {
    const app = await startApp();
    const response = await app.post("/jobs", GREET, { "idempotency-key": key });
    await problemOf(response, 422, "invalid-request");
  });
}

Deno.test("POST /jobs: Prefer wait answers 200 when the job ends in time", async () => {
  const app = await startApp();
  const response = await app.post("/jobs", GREET, { prefer: "respond-async, wait=10" });
  assert.equal(response.headers.get("preference-applied"), "wait=10");
  const job = await jsonOf(response, 200);
  assert.deepEqual([job.state, job.output], ["Done", "hello Ann"]);
});

Deno.test("POST /jobs: Prefer wait answers 202 with the current job after the time", async () => {
  const app = await startApp();
  const pending = app.post("/jobs", { plan: shipmentPlan("1") }, { prefer: "wait=3600" });
  await app.clock.advance(60_000);
  const response = await pending;
  assert.equal(response.headers.get("preference-applied"), "wait=60");
  assert.equal((await jsonOf(response, 202)).state, "Running");
});

Deno.test("POST /jobs: a wait ends when the process stops", async () => {
  const app = await startApp();
  const pending = app.post("/jobs", { plan: shipmentPlan("1") }, { prefer: "wait=60" });
  await app.clock.settle();
  const stopped = app.engine.stop(0);
  assert.equal((await jsonOf(await pending, 202)).state, "Running");
  await stopped;
});

/** Sends a form; a file is given as bytes. */
async function postForm(
  parts: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
  options: { bodyBytesMax?: number; again?: string } = {},
): Promise<Response> {
  const { app, clock } = await startApp(options);
  const form = new FormData();
  for (const [name, part] of Object.entries(parts)) {
    form.append(name, typeof part === "string" ? part : new Blob([part]));
  }
  if (options.again !== undefined) form.append("job", options.again);
  const body = new Response(form);
  const headers = { "content-type": body.headers.get("content-type") ?? "", prefer: "wait=1" };
  const pending = app.request("/jobs", { method: "POST", body: await body.bytes(), headers });
  await clock.settle();
  return await pending;
}

const CSV = new TextEncoder().encode("a,b\n1,ü\n");

Deno.test("POST /jobs: the files of a form become strings of the input", async () => {
  const job = JSON.stringify({ type: "test.import", input: { separator: "," } });
  const { input, output } = await jsonOf<JobBody>(await postForm({ job, csv: CSV }), 200);
  assert.deepEqual(input, { separator: ",", csv: "a,b\n1,ü\n" });
  assert.equal(output, 8);
});

Deno.test("POST /jobs: for an unknown field it says which fields there are", async () => {
  const app = await startApp();
  const body = { type: "test.greet", payload: { name: "Ann" } };
  const { errors } = await problemOf(await app.post("/jobs", body), 422, "invalid-request");
  assert.deepEqual(errors, [{
    pointer: "/payload",
    detail: "is not a known field; known are type, input, jobId, priority, startAt, start, labels",
  }]);
});

Deno.test("POST /jobs: a form without a job part, or with two, is 422", async () => {
  await problemOf(await postForm({ csv: CSV }), 422, "invalid-request");
  const job = JSON.stringify({ type: "test.import" });
  await problemOf(await postForm({ job, csv: CSV }, { again: job }), 422, "invalid-request");
});

Deno.test("POST /jobs: a form part that is not a file, or has a duplicate or invalid name, is 422", async () => {
  const job = JSON.stringify({ type: "test.import", input: { csv: "" } });
  for (const parts of [{ job, other: "text" }, { job, csv: CSV }, { job, constructor: CSV }]) {
    const problem = await problemOf(await postForm(parts), 422, "invalid-request");
    assert.equal(problem.errors?.length, 1);
  }
});

Deno.test("POST /jobs: a form's file that is not UTF-8 is 400", async () => {
  const job = JSON.stringify({ type: "test.import" });
  const response = await postForm({ job, csv: new Uint8Array([0xff, 0xfe]) });
  await problemOf(response, 400, "malformed-text");
});

Deno.test("POST /jobs: a form whose job is not UTF-8 is 400, as any other body", async () => {
  const app = await startApp();
  const [head, tail] = [
    '--x\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"type":"test.greet","input":{"name":"',
    '"}}\r\n--x--\r\n',
  ];
  const body = Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)]);
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const response = await app.app.request("/jobs", { method: "POST", body, headers });
  await problemOf(response, 400, "malformed-text");
});

Deno.test("POST /jobs: a form over the limit is 413", async () => {
  const job = JSON.stringify({ type: "test.import" });
  const response = await postForm({ job, csv: new Uint8Array(5_000) }, { bodyBytesMax: 5_000 });
  await problemOf(response, 413, "body-too-large");
});

Deno.test("POST /jobs: a body that is not the form it claims to be is 422", async () => {
  const app = await startApp();
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  await problemOf(await app.post("/jobs", "{}", headers), 422, "invalid-request");
});

const JOBS = 33;

const run = await RecordedRun.of(JOBS);

Deno.test("planDocument: it reads back as the same plan, for plans of every kind", () => {
  const { jobs } = run.engine.lists.page({ limit: 500 });
  assert.ok(jobs.length > 20);
  for (const { plan } of jobs) {
    assert.deepEqual(toPlan(v.parse(planField, planDocument(plan))), plan);
  }
});

Deno.test("toPlanDocument: only for a job with code the expectation main is left out", async () => {
  const app = await startApp();
  await app.post("/jobs", { jobId: "code", type: "test.parcel", input: { orderId: "7" } });
  const main = { id: "main", eventType: "ec.Done" };
  await app.post("/jobs", { jobId: "plan", plan: { expected: [main] } });
  const idsOf = (jobId: string) => {
    const job = app.engine.job(jobId as JobId);
    assert.ok(job);
    return toPlanDocument(job).expected.map(({ id }) => id);
  };
  assert.deepEqual(idsOf("code"), ["shipped"]);
  assert.deepEqual(idsOf("plan"), ["main"]);
});

const DAY = 86_400_000;

function plan(within: unknown) {
  return { expected: [{ id: "paid", eventType: "shop.Paid", within }] };
}

Deno.test("within: a job shows it, and the entry that waived its expectation", async () => {
  const app = await startApp();
  const within = { ms: 3 * DAY, otherwise: "waive" };
  const created = await (await app.post("/jobs", { plan: plan(within) })).json();
  assert.deepEqual(created.expected[0].within, within);
  await app.clock.advance(3 * DAY);
  const job = await (await app.get(`/jobs/${created.jobId}`)).json();
  const { matched, satisfied, waived } = job.expected[0];
  assert.deepEqual([job.state, matched, satisfied, waived], ["Done", 0, true, job.lastLogId]);
});

Deno.test("within: an invalid deadline is refused, with a pointer", async () => {
  const app = await startApp();
  const cases: [unknown, string, string][] = [
    [{ ms: 0, otherwise: "fail" }, "/ms", "must be more than 0 and at most 100 years"],
    [{ ms: 1e15, otherwise: "fail" }, "/ms", "must be more than 0 and at most 100 years"],
    [{ ms: "1", otherwise: "fail" }, "/ms", "must be a number"],
    [{ ms: 1, otherwise: "wait" }, "/otherwise", 'must be "fail" or "waive"'],
  ];
  for (const [within, pointer, detail] of cases) {
    const response = await app.post("/jobs", { plan: plan(within) });
    assert.equal(response.status, 422);
    const { errors } = await response.json();
    const expected = { pointer: `/plan/expected/0/within${pointer}`, detail };
    assert.deepEqual(errors, [expected]);
  }
});
