/** Answers at each limit: nothing is partly recorded, and service resumes automatically. */

import assert from "node:assert/strict";
import { JournalFullError } from "../../src/engine/ports.ts";
import { LIMITS } from "../../src/documents/refusal.ts";
import { Gate, gatedJobs } from "../support/http/http_definitions.ts";
import {
  createPlan,
  type JobBody,
  jsonOf,
  problemOf,
  shipmentPlan,
  startApp,
  type TestApp,
  type TestAppOptions,
} from "../support/http/http_app.ts";

const GATED = { type: "test.gated" };

/** Checks that an answer names its limit and has Retry-After. */
async function refused(response: Response, name: keyof typeof LIMITS, max: number) {
  const { what, retryAfter } = LIMITS[name];
  assert.equal(response.headers.get("retry-after"), String(retryAfter));
  const problem = await problemOf(response, 503, "over-capacity");
  assert.deepEqual(problem.limit, { name, max });
  assert.ok(problem.detail.includes(`${max} ${what}`), problem.detail);
}

/** Runs requests in parallel, and returns the number of each status. */
async function statuses(requests: readonly Promise<Response>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const response of await Promise.all(requests)) {
    counts[response.status] = (counts[response.status] ?? 0) + 1;
    await response.body?.cancel();
  }
  return counts;
}

function times<Value>(count: number, make: (index: number) => Value): readonly Value[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Jobs blocked by a gate, on a server with limits. */
async function startGated(options: TestAppOptions): Promise<{ app: TestApp; gate: Gate }> {
  const gate = new Gate();
  const app = await startApp({ definitions: gatedJobs(gate), maxRunning: 1, ...options });
  return { app, gate };
}

async function created(app: TestApp, body: object): Promise<JobBody> {
  const job = await jsonOf(await app.post("/jobs", body), 202);
  await app.clock.settle();
  return job;
}

Deno.test("jobsMax: at the limit a job is refused entirely, and accepted once another has ended", async () => {
  const app = await startApp({ limits: { jobsMax: 2 } });
  const [first] = [await createPlan(app), await createPlan(app, { start: false })];
  const head = app.engine.headLogId;

  await refused(await app.post("/jobs", { plan: shipmentPlan("7") }), "jobsMax", 2);

  assert.equal(app.engine.headLogId, head);
  await jsonOf(await app.post(`/jobs/${first.jobId}/cancel`), 200);
  await createPlan(app);
});

Deno.test("jobsMax: of parallel requests only as many are accepted as there is room for", async () => {
  const app = await startApp({ limits: { jobsMax: 3 } });
  app.journal.hold();
  const requests = times(10, () => app.post("/jobs", { plan: shipmentPlan("7") }));
  await app.clock.settle();
  app.journal.release();

  assert.deepEqual(await statuses(requests), { 202: 3, 503: 7 });
  assert.equal(app.engine.activity.jobs, 3);
});

Deno.test("jobsMax: a known key is answered at the limit too", async () => {
  const app = await startApp({ limits: { jobsMax: 1 } });
  const create = () =>
    app.post("/jobs", { plan: shipmentPlan("7") }, { "idempotency-key": "once" });
  const { jobId } = await jsonOf(await create(), 202);

  const again = await create();
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal((await jsonOf(again, 202)).jobId, jobId);
});

Deno.test("jobsMax: a retry counts as a new job, and a refusal leaves the old one unchanged", async () => {
  const app = await startApp({ limits: { jobsMax: 1 } });
  const failed = await createPlan(app);
  await jsonOf(await app.post(`/jobs/${failed.jobId}/cancel`), 200);
  await createPlan(app);
  const before = await jsonOf(await app.get(`/jobs/${failed.jobId}`), 200);

  await refused(await app.post(`/jobs/${failed.jobId}/retry`), "jobsMax", 1);

  assert.deepEqual(await jsonOf(await app.get(`/jobs/${failed.jobId}`), 200), before);
});

/** A plan whose text has some ten thousand characters. */
function longPlan() {
  const correlation = { equals: { note: "x".repeat(10_000) } };
  return { expected: [{ id: "shipped", eventType: "shop.ParcelShipped", correlation }] };
}

function heldBytes(app: TestApp): number {
  return app.engine.activity.unfinishedBytes;
}

Deno.test("jobsBytesMax: at the limit a job is refused entirely, and accepted once another has ended", async () => {
  const app = await startApp({ limits: { jobsBytesMax: 15_000 } });
  const first = await createPlan(app, { plan: longPlan(), labels: { shop: "y".repeat(100) } });
  assert.ok(heldBytes(app) > 10_100 && heldBytes(app) < 11_000, `${heldBytes(app)}`);
  await createPlan(app, { plan: longPlan(), start: false });
  const head = app.engine.headLogId;

  await refused(await app.post("/jobs", { plan: shipmentPlan("7") }), "jobsBytesMax", 15_000);

  assert.equal(app.engine.headLogId, head);
  await jsonOf(await app.post(`/jobs/${first.jobId}/cancel`), 200);
  await createPlan(app);
});

Deno.test("jobsBytesMax: inputs and results count until their job ends, and nothing is left", async () => {
  const { app, gate } = await startGated({});
  await created(app, { ...GATED, input: { text: "x".repeat(5_000) } });
  assert.ok(heldBytes(app) > 5_000 && heldBytes(app) < 5_500, `${heldBytes(app)}`);
  gate.open();
  await app.clock.settle(200);
  assert.equal(heldBytes(app), 0);
});

for (const limits of [{ jobsMax: 1 }, { jobsBytesMax: 10_000 }]) {
  Deno.test(`${Object.keys(limits)}: jobs that never became durable release their room`, async () => {
    const app = await startApp({ limits });
    app.journal.failNext(new JournalFullError("no room"));
    await problemOf(await app.post("/jobs", { plan: longPlan() }), 507, "disk-full");
    assert.equal(heldBytes(app), 0);
    await createPlan(app, { plan: longPlan() });
  });
}

Deno.test("jobsBytesMax: a start counts recorded jobs, and loads them whatever the limit", async () => {
  const first = await startApp();
  const { jobId } = await createPlan(first, { plan: longPlan() });
  await createPlan(first);
  const held = heldBytes(first);
  const { content } = first.journal;
  await first.journal.close();

  const again = await startApp({ content, clock: first.clock, limits: { jobsBytesMax: 4_096 } });

  assert.equal(heldBytes(again), held);
  await refused(await again.post("/jobs", { plan: shipmentPlan("7") }), "jobsBytesMax", 4_096);
  await jsonOf(await again.post(`/jobs/${jobId}/cancel`), 200);
  await createPlan(again);
});

Deno.test("queuedMax: it counts jobs without a worker, and not those that need none", async () => {
  const { app, gate } = await startGated({ limits: { queuedMax: 1 } });
  await created(app, GATED);
  await created(app, GATED);
  const head = app.engine.headLogId;

  await refused(await app.post("/jobs", GATED), "queuedMax", 1);
  assert.equal(app.engine.headLogId, head);
  await createPlan(app);
  const later = await created(app, { ...GATED, start: false });
  await refused(await app.post(`/jobs/${later.jobId}/start`), "queuedMax", 1);
  assert.equal((await jsonOf(await app.get(`/jobs/${later.jobId}`), 200)).state, "Created");

  gate.open();
  await app.clock.settle(200);
  await jsonOf(await app.post(`/jobs/${later.jobId}/start`), 200);
});

Deno.test("queuedMax: of parallel requests only as many are accepted as there is room for", async () => {
  const { app, gate } = await startGated({ limits: { queuedMax: 2 } });
  assert.deepEqual(await statuses(times(9, () => app.post("/jobs", GATED))), { 202: 3, 503: 6 });
  gate.open();
  await app.clock.settle(300);
  assert.equal(app.engine.activity.busyWorkers, 0);
});

Deno.test("queuedMax: the controls that only end a job are not refused", async () => {
  const { app, gate } = await startGated({ limits: { queuedMax: 1 } });
  await created(app, GATED);
  const queued = await created(app, GATED);
  await jsonOf(await app.post(`/jobs/${queued.jobId}/cancel`), 200);
  await app.clock.settle();
  await created(app, GATED);
  gate.open();
  await app.clock.settle(200);
});

const ORDER = { eventType: "shop.OrderPlaced", eventId: "order-1" };
const NOTE = { eventType: "shop.OrderNoted", eventId: "note-1" };

for (
  const [name, limits] of [["jobsMax", { jobsMax: 2 }], ["queuedMax", { queuedMax: 1 }]] as const
) {
  Deno.test(`${name}: an event that would start a job is refused too, and accepted when repeated later`, async () => {
    const { app, gate } = await startGated({ limits });
    await created(app, GATED);
    await created(app, GATED);
    const head = app.engine.headLogId;

    await refused(await app.post("/events", [NOTE, ORDER]), name, Object.values(limits)[0] ?? 0);
    assert.equal(app.engine.headLogId, head);
    await jsonOf(await app.post("/events", NOTE), 200);

    gate.open();
    await app.clock.settle(200);
    const { receipts } = await jsonOf<{ receipts: { disposition: string }[] }>(
      await app.post("/events", [NOTE, ORDER]),
      200,
    );
    assert.deepEqual(receipts.map(({ disposition }) => disposition), ["duplicate", "matched"]);
    await app.clock.settle(200);
  });
}

Deno.test("jobsMax: a known event is a duplicate, whatever the limit", async () => {
  const { app, gate } = await startGated({ limits: { jobsMax: 1 } });
  await jsonOf(await app.post("/events", ORDER), 200);
  const { receipts } = await jsonOf<{ receipts: { disposition: string }[] }>(
    await app.post("/events", ORDER),
    200,
  );
  assert.equal(receipts[0]?.disposition, "duplicate");
  gate.open();
  await app.clock.settle(200);
});

Deno.test("pendingBytesMax: while the disk is stuck, requests are refused, and running jobs keep recording", async () => {
  const { app, gate } = await startGated({ limits: { pendingBytesMax: 4_000 } });
  const running = await created(app, GATED);
  app.journal.hold();
  const taken = times(8, (index) => app.post("/jobs", { plan: shipmentPlan(`${index}`) }));
  await app.clock.settle();

  const attempts = [
    ["/jobs", { plan: shipmentPlan("7") }],
    ["/events", NOTE],
    [`/jobs/${running.jobId}/cancel`, {}],
  ] as const;
  for (const [path, body] of attempts) {
    await refused(await app.post(path, body), "pendingBytesMax", 4_000);
  }
  await jsonOf(await app.get("/jobs"), 200);
  gate.open();
  await app.clock.settle();

  app.journal.release();
  await app.clock.settle(200);
  const counts = await statuses(taken);
  assert.ok((counts[202] ?? 0) > 0 && (counts[503] ?? 0) > 0, JSON.stringify(counts));
  assert.equal(app.engine.activity.jobs, 1 + (counts[202] ?? 0));
  assert.equal((await jsonOf(await app.get(`/jobs/${running.jobId}`), 200)).state, "Done");
  await jsonOf(await app.post("/events", NOTE), 200);
});

Deno.test("requestsMax: one too many is refused, and the probes are answered", async () => {
  const app = await startApp({ requestsMax: 1 });
  app.journal.hold();
  const slow = app.post("/jobs", { plan: shipmentPlan("7") });
  await app.clock.settle();

  await refused(await app.get("/jobs"), "requestsMax", 1);
  await jsonOf(await app.get("/livez"), 200);
  await jsonOf(await app.get("/readyz"), 200);

  app.journal.release();
  await jsonOf(await slow, 202);
  await jsonOf(await app.get("/jobs"), 200);
});

Deno.test("requestsMax: a request that is refused for another reason releases its place", async () => {
  const app = await startApp({ requestsMax: 1 });
  for (let round = 0; round < 3; round++) {
    await problemOf(await app.get("/jobs/nobody"), 404, "unknown-job");
    await problemOf(await app.post("/jobs", "{"), 400, "malformed-json");
  }
  await jsonOf(await app.get("/jobs"), 200);
});

Deno.test("requestsMax: a request counts only once its body has arrived", async () => {
  const app = await startApp({ requestsMax: 1 });
  const [first, second] = [bodyInParts(), bodyInParts()];
  const slow = [postParts(app, first.readable), postParts(app, second.readable)] as const;
  await app.clock.settle();
  await jsonOf(await app.get("/jobs"), 200);

  app.journal.hold();
  for (const { send, end } of [first, second]) {
    await send(JSON.stringify({ type: "test.greet", input: { name: "x" } }));
    await end();
    await app.clock.settle();
  }
  await refused(await slow[1], "requestsMax", 1);
  app.journal.release();
  await jsonOf(await slow[0], 202);
  await jsonOf(await app.get("/jobs"), 200);
});

Deno.test("openRequestsMax: requests that need no token are counted separately", async () => {
  const app = await startApp({
    requestsMax: 1,
    openRequestsMax: 1,
    token: "s3cret-token-0123456789",
  });
  const authorization = "Bearer s3cret-token-0123456789";
  const pages = times(3, () => app.get("/ui/sign-in", { accept: "application/json" }));
  const jobs = app.get("/jobs", { authorization });
  assert.deepEqual(await statuses(pages), { 200: 1, 503: 2 });
  await jsonOf(await jobs, 200);
  await jsonOf(await app.get("/livez"), 200);
});

Deno.test("openRequestsMax: a sign-in whose body has not arrived leaves room for all others", async () => {
  const token = "s3cret-token-0123456789";
  const app = await startApp({ requestsMax: 1, openRequestsMax: 1, token });
  const jobs = () => app.get("/jobs", { authorization: `Bearer ${token}` });
  const page = () => app.get("/ui/sign-in", { accept: "application/json" });
  const parts = bodyInParts();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const request = { method: "POST", headers, body: parts.readable };
  const slow = app.app.request("/ui/sign-in", request);
  await app.clock.settle();
  assert.deepEqual(await statuses([page(), jobs()]), { 200: 2 });

  await parts.send(`token=${token}`);
  await parts.end();
  assert.equal((await slow).status, 303);
  assert.deepEqual(await statuses([page(), page()]), { 200: 1, 503: 1 });
  assert.deepEqual(await statuses([jobs(), jobs()]), { 200: 1, 503: 1 });
});

Deno.test("waitingMax: a poll is refused; a new job is created without a wait", async () => {
  const app = await startApp({ waitingMax: 1 });
  const { jobId } = await createPlan(app);
  const wait = { prefer: "wait=30" };
  const poll = app.get(`/jobs/${jobId}`, wait);
  await app.clock.settle();

  await refused(await app.get(`/jobs/${jobId}`, wait), "waitingMax", 1);
  const unwaited = await app.post("/jobs", { plan: shipmentPlan("8") }, wait);
  assert.equal(unwaited.headers.get("preference-applied"), null);
  await jsonOf(unwaited, 202);

  await jsonOf(await app.post(`/jobs/${jobId}/cancel`), 200);
  assert.equal((await jsonOf(await poll, 200)).state, "Failed");
  const next = app.get(`/jobs/${unwaited.headers.get("location")?.slice(6)}`, wait);
  await app.clock.advance(30_000);
  await jsonOf(await next, 200);
});

Deno.test("waitingMax: waiting requests take no room from others", async () => {
  const app = await startApp({ requestsMax: 1 });
  const { jobId } = await createPlan(app);
  const polls = times(5, () => app.get(`/jobs/${jobId}`, { prefer: "wait=30" }));
  await app.clock.settle();
  await jsonOf(await app.post(`/jobs/${jobId}/cancel`), 200);
  assert.deepEqual(await statuses(polls), { 200: 5 });
  await jsonOf(await app.get("/jobs"), 200);
});

Deno.test("streamsMax: one too many is refused until a reader leaves", async () => {
  const app = await startApp({ streamsMax: 1 });
  const reader = (await app.get("/stream")).body?.getReader();
  await reader?.read();
  await refused(await app.get("/stream"), "streamsMax", 1);
  await refused(await app.get("/events", { accept: "application/x-ndjson" }), "streamsMax", 1);
  await reader?.cancel();
  const next = await app.get("/stream");
  assert.equal(next.status, 200);
  await next.body?.cancel();
});

/** A body whose parts the test sends. */
function bodyInParts() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  return {
    readable,
    send: (text: string) => writer.write(new TextEncoder().encode(text)),
    end: () => writer.close(),
    fail: () => writer.abort(),
  };
}

function postParts(app: TestApp, body: ReadableStream): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return Promise.resolve(app.app.request("/jobs", { method: "POST", headers, body }));
}

/** A JSON body so large that it is not read in one piece. */
const LARGE = JSON.stringify({ type: "test.greet", input: { name: "y".repeat(5_000) } });
const LARGE_LENGTH = { "content-length": String(LARGE.length) };

Deno.test("bodiesBytesMax: bodies beyond the limit are refused while others are being read", async () => {
  const app = await startApp({ bodiesBytesMax: 100 });
  const parts = bodyInParts();
  const slow = postParts(app, parts.readable);
  await parts.send(`{"type":"test.greet","input":{"name":"${"x".repeat(40)}`);
  await app.clock.settle();
  const head = app.engine.headLogId;

  await refused(await app.post("/jobs", LARGE, LARGE_LENGTH), "bodiesBytesMax", 100);
  await refused(await app.post("/jobs", "y".repeat(50)), "bodiesBytesMax", 100);
  assert.equal(app.engine.headLogId, head);

  await parts.send(`"}}`);
  await parts.end();
  await jsonOf(await slow, 202);
});

Deno.test("bodiesBytesMax: bodies announced as small are limited in number, like requests", async () => {
  const app = await startApp({ bodiesBytesMax: 100 });
  const slow = postParts(app, bodyInParts().readable);
  await app.clock.settle();
  const small = JSON.stringify({ type: "test.greet", input: { name: "y" } });
  await jsonOf(await app.post("/jobs", small, { "content-length": String(small.length) }), 202);
  await app.clock.advance(30_000);
  await problemOf(await slow, 408, "body-too-slow");
});

Deno.test("bodiesBytesMax: after a second a body makes room for another", async () => {
  const app = await startApp({ bodiesBytesMax: 65_536 });
  const parts = bodyInParts();
  const slow = postParts(app, parts.readable);
  await parts.send("x".repeat(62_000));
  await app.clock.advance(999);
  await refused(await app.post("/jobs", LARGE, LARGE_LENGTH), "bodiesBytesMax", 65_536);
  await app.clock.advance(1);
  await jsonOf(await app.post("/jobs", LARGE, LARGE_LENGTH), 202);
  const { detail } = await problemOf(await slow, 408, "body-too-slow");
  assert.match(detail, /after 1 s, and too many requests are open to wait for it/);
});

Deno.test("bodies: while a thousand are being read, none may take longer than a second", async () => {
  const app = await startApp();
  const slow = times(1_000, () => postParts(app, bodyInParts().readable));
  await app.clock.advance(1_000);
  await createPlan(app);
  const counts = await statuses([...slow.slice(0, 1), ...times(2, () => createdResponse(app))]);
  assert.deepEqual(counts, { 202: 2, 408: 1 });
  const all = statuses(slow.slice(1));
  await app.clock.advance(29_000);
  assert.deepEqual(await all, { 408: 999 });
});

function createdResponse(app: TestApp): Promise<Response> {
  return app.post("/jobs", { plan: shipmentPlan("7") });
}

Deno.test("bodiesBytesMax: a body that breaks off, or is refused, releases its bytes", async () => {
  const app = await startApp({ bodiesBytesMax: 100, bodyBytesMax: 90 });
  for (let round = 0; round < 5; round++) {
    const parts = bodyInParts();
    const broken = postParts(app, parts.readable);
    await parts.send("x".repeat(80));
    await parts.fail();
    await problemOf(await broken, 400, "unreadable-body");
    await problemOf(await app.post("/jobs", "x".repeat(95)), 413, "body-too-large");
  }
  await jsonOf(await app.post("/jobs", { type: "test.greet", input: { name: "x" } }), 202);
});

Deno.test("bodies: one in very small pieces is refused before its end, and one in many pieces is accepted", async () => {
  const app = await startApp();
  const crumbs = bodyInParts();
  const refused = postParts(app, crumbs.readable);
  const sent = (async () => {
    for (let count = 0; count < 2_000; count++) await crumbs.send(" ");
  })().catch(() => {});
  const response = await refused;
  assert.equal(response.headers.get("connection"), "close");
  const { detail } = await problemOf(response, 400, "unreadable-body");
  assert.match(detail ?? "", /1093 bytes of it came in 1093 pieces; send it in larger ones$/);
  await sent;

  const pieces = bodyInParts();
  const taken = postParts(app, pieces.readable);
  for (let count = 0; count < 3_000; count++) await pieces.send(" ".repeat(20));
  await pieces.send(JSON.stringify({ type: "test.greet", input: { name: "x" } }));
  await pieces.end();
  await jsonOf(await taken, 202);
});

Deno.test("bodyTimeMs: a slow body is given up, and nothing is recorded", async () => {
  const app = await startApp({ bodyTimeMs: 5_000 });
  const parts = bodyInParts();
  const slow = postParts(app, parts.readable);
  const head = app.engine.headLogId;
  for (const letter of `{"type":`) {
    await parts.send(letter);
    await app.clock.advance(600);
  }
  const response = await Promise.race([slow, app.clock.advance(600)]);

  assert.ok(response, "it was not given up in time");
  assert.equal(response.headers.get("connection"), "close");
  await problemOf(response, 408, "body-too-slow");
  assert.equal(app.engine.headLogId, head);
  await createPlan(app);
});

Deno.test("bodyTimeMs: each body has its own time limit, with one timer for all", async () => {
  const app = await startApp({ bodyTimeMs: 5_000 });
  await createPlan(app);
  await app.clock.advance(5_000);
  const armed = app.clock.armed;
  const first = bodyInParts();
  const early = postParts(app, first.readable);
  await app.clock.advance(3_000);
  const second = bodyInParts();
  const late = postParts(app, second.readable);
  await createPlan(app);
  assert.equal(app.clock.armed, armed + 1);

  await app.clock.advance(2_000);
  await problemOf(await early, 408, "body-too-slow");
  await second.send(JSON.stringify({ type: "test.greet", input: { name: "x" } }));
  await second.end();
  await jsonOf(await late, 202);
  await app.clock.advance(10_000);
  assert.equal(app.clock.armed, armed);
});

Deno.test("eventsMax: a request with more events is refused entirely, and one at the limit is accepted", async () => {
  const app = await startApp({ eventsMax: 2 });
  const events = times(3, () => ({ eventType: "a.B" }));
  const ndjson = { "content-type": "application/x-ndjson" };
  const text = events.map((event) => JSON.stringify(event)).join("\n");
  const head = app.engine.headLogId;
  for (
    const response of [await app.post("/events", events), await app.post("/events", text, ndjson)]
  ) {
    const { detail } = await problemOf(response, 422, "invalid-request");
    assert.match(detail, /at most 2 events; it has 3/);
  }
  assert.equal(app.engine.headLogId, head);
  await jsonOf(await app.post("/events", events.slice(1)), 200);
});

interface Receipts {
  readonly receipts: readonly {
    readonly disposition: string;
    readonly reason?: string;
    readonly limit?: { readonly name: string; readonly max: number };
  }[];
}

Deno.test("fanOutMax: a single event is 503, and so is a request of which no event is accepted", async () => {
  const app = await startApp({ limits: { fanOutMax: 2 } });
  for (let job = 0; job < 3; job++) await createPlan(app);
  const shipped = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };
  const head = app.engine.headLogId;
  for (const body of [shipped, [shipped, shipped]]) {
    await refused(await app.post("/events", body), "fanOutMax", 2);
  }
  assert.equal(app.engine.headLogId, head);
});

Deno.test("entriesMax: recorded events have their receipts, and the rest name the limit", async () => {
  const app = await startApp({ limits: { entriesMax: 3 } });
  for (let job = 0; job < 2; job++) await createPlan(app);
  const events = [
    { eventType: "shop.ParcelShipped", eventId: "a", attributes: { orderId: "42" } },
    { eventType: "shop.Noted", eventId: "b" },
    { eventType: "shop .wrong", eventId: "c" },
  ];
  const { receipts } = await jsonOf<Receipts>(await app.post("/events", events), 200);
  assert.deepEqual(receipts.map(({ disposition }) => disposition), [
    "matched",
    "rejected",
    "rejected",
  ]);
  assert.deepEqual(receipts[1]?.limit, { name: "entriesMax", max: 3 });
  assert.equal(
    receipts[1]?.reason,
    "not recorded: with those before it, it makes over 3 entries; send it again",
  );
  assert.equal(receipts[2]?.limit, undefined);

  const again = await jsonOf<Receipts>(await app.post("/events", events.slice(0, 2)), 200);
  assert.deepEqual(again.receipts.map(({ disposition }) => disposition), [
    "duplicate",
    "recorded",
  ]);
});
