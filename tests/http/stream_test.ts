/** `GET /stream`: server-sent events of the whole journal, and the end of streams. */

import assert from "node:assert/strict";
import {
  createAndRun,
  createPlan,
  problemOf,
  shipmentPlan,
  startApp,
} from "../support/http/http_app.ts";
import { deliver, open, type StreamedEntry, types } from "../support/http/http_stream.ts";
import { HEARTBEAT_MS } from "../../src/http/stream/feed.ts";

const STALL_MS = 30_000;

function logIds(entries: readonly StreamedEntry[]): readonly number[] {
  return entries.map(({ logId }) => logId);
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

Deno.test("GET /stream: it opens with retry and the id of where it starts", async () => {
  const app = await startApp();
  await createPlan(app);
  const reader = await open(app, "/stream");
  assert.equal(await reader.chunk(), `retry: 2000\n: heartbeat\nid: ${app.engine.headLogId}\n\n`);
  await reader.leave();
});

Deno.test("GET /stream: without a position it starts at the head and goes live", async () => {
  const app = await startApp();
  await createPlan(app);
  const head = app.engine.headLogId;
  const reader = await open(app, "/stream");
  const pending = reader.entries(1);
  await app.clock.settle();
  await deliver(app, "a.B");
  assert.deepEqual(logIds(await pending), [head + 1]);
  await reader.leave();
});

Deno.test("GET /stream: after=0 is everything, then live, without a gap or a repeat", async () => {
  const app = await startApp();
  for (let count = 0; count < 3; count++) await createPlan(app);
  const head = app.engine.headLogId;
  const reader = await open(app, "/stream?after=0");
  const history = await reader.entries(head);
  const live = reader.entries(2);
  await deliver(app, "a.B");
  await deliver(app, "a.C");
  assert.deepEqual(logIds([...history, ...await live]), range(1, head + 2));
  await reader.leave();
});

Deno.test("GET /stream: a history of many pages comes whole and in order", async () => {
  const app = await startApp();
  const events = Array.from({ length: 1_000 }, () => ({
    eventType: "a.B",
    attributes: { text: "x".repeat(500) },
  }));
  for (let round = 0; round < 3; round++) await app.post("/events", events);
  const head = app.engine.headLogId;
  const reader = await open(app, "/stream?after=0");
  assert.deepEqual(logIds(await reader.entries(head)), range(1, head));
  await reader.leave();
});

Deno.test("GET /stream: Last-Event-ID resumes after it, and wins over after", async () => {
  const app = await startApp();
  for (let count = 0; count < 3; count++) await createPlan(app);
  const head = app.engine.headLogId;
  const first = await open(app, "/stream?after=0");
  const seen = (await first.entries(1)).at(-1)?.logId ?? 0;
  await first.leave();
  await deliver(app, "a.B");
  const second = await open(app, "/stream?after=0", { "last-event-id": String(seen) });
  assert.deepEqual(logIds(await second.entries(head + 1 - seen)), range(seen + 1, head + 1));
  await second.leave();
});

Deno.test("GET /stream: an entry that changed a job says how", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await deliver(app, "a.B");
  await app.post(`/jobs/${jobId}/suspend`);
  const reader = await open(app, "/stream?after=1");
  const entries = await reader.entries(4);
  assert.deepEqual(entries.map(({ job }) => job), [
    { jobId, from: null, to: "Created", condition: "created" },
    { jobId, from: "Created", to: "Running", condition: "waiting" },
    undefined,
    { jobId, from: "Running", to: "Running", condition: "suspended" },
  ]);
  const { job: _, ...entry } = entries[0] ?? { job: undefined };
  assert.deepEqual(entry, (await app.engine.entries(1, 1))[0]);
  await reader.leave();
});

Deno.test("GET /stream: filters narrow by types, job, stratum and transitions", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await createPlan(app, { plan: shipmentPlan("43") });
  await deliver(app, "shop.ParcelShipped", { orderId: "42" });
  const expected: readonly (readonly [string, readonly string[]])[] = [
    [`&jobId=${jobId}`, ["job.JobCreated", "job.JobStarted", "job.EventCorrelated"]],
    ["&stratum=domain", ["shop.ParcelShipped"]],
    ["&types=job.EventCorrelated,shop.ParcelShipped", [
      ...["shop.ParcelShipped", "job.EventCorrelated"],
    ]],
    [`&only=transitions&jobId=${jobId}`, [
      ...["job.JobCreated", "job.JobStarted", "job.EventCorrelated"],
    ]],
    ["&only=transitions&stratum=domain&types=a.B", []],
  ];
  for (const [query, eventTypes] of expected) {
    const reader = await open(app, `/stream?after=0${query}`);
    assert.deepEqual(types(await reader.entries(eventTypes.length)), eventTypes);
    await reader.leave();
  }
});

Deno.test("GET /stream: a job that is not there yet can be waited for by its id", async () => {
  const app = await startApp();
  const reader = await open(app, "/stream?jobId=later");
  const pending = reader.entries(2);
  await createPlan(app, { jobId: "sooner" });
  await createPlan(app, { jobId: "later" });
  assert.deepEqual((await pending).map(({ jobId }) => jobId), ["later", "later"]);
  await reader.leave();
});

Deno.test("GET /stream: a quiet stream sends its position every 15 s", async () => {
  const app = await startApp();
  await deliver(app, "a.B");
  const head = app.engine.headLogId;
  const reader = await open(app, "/stream?types=a.Never");
  await reader.chunk();
  for (const position of [head, head + 1]) {
    const pending = reader.messages();
    await app.clock.advance(HEARTBEAT_MS);
    assert.deepEqual(await pending, [{ id: position, data: undefined }]);
    await deliver(app, "a.B");
  }
  await reader.leave();
});

Deno.test("GET /stream: entries that a filter hides do not affect the heartbeat", async () => {
  const app = await startApp();
  const reader = await open(app, "/stream?types=a.Never");
  await reader.chunk();
  let said = false;
  const pending = reader.messages().then((messages) => {
    said = true;
    return messages;
  });
  for (let count = 0; count < 3; count++) {
    await app.clock.advance(HEARTBEAT_MS / 4);
    await deliver(app, "a.B");
  }
  await app.clock.settle();
  assert.equal(said, false);
  await app.clock.advance(HEARTBEAT_MS / 4);
  assert.equal((await pending)[0]?.id, app.engine.headLogId);
  await reader.leave();
});

Deno.test("GET /stream: the heartbeat of a slow reader does not go beyond what it was sent", async () => {
  const app = await startApp();
  await deliver(app, "a.First");
  const start = app.engine.headLogId;
  const reader = await open(app, "/stream");
  await reader.chunk();
  await deliver(app, "a.B");
  await app.clock.settle();
  const gate = Promise.withResolvers<void>();
  const entries = app.engine.entries.bind(app.engine);
  app.engine.entries = async (after, limit) => {
    await gate.promise;
    return await entries(after, limit);
  };
  const heartbeat = reader.messages();
  await app.clock.advance(HEARTBEAT_MS);
  assert.deepEqual(await heartbeat, [{ id: start, data: undefined }]);
  gate.resolve();
  assert.deepEqual(logIds(await reader.entries(1)), [start + 1]);
  await reader.leave();
});

Deno.test("GET /stream: a reader that takes nothing is closed, and can resume", async () => {
  const app = await startApp({ streamStallMs: STALL_MS });
  await createPlan(app);
  const reader = await open(app, "/stream?after=0");
  await reader.chunk();
  const seen = (await reader.entries(1)).at(-1)?.logId;
  await deliver(app, "a.B");
  await app.clock.advance(STALL_MS);
  assert.equal(await reader.chunk(), undefined);
  const again = await open(app, "/stream", { "last-event-id": String(seen) });
  assert.deepEqual(types(await again.entries(1)), ["a.B"]);
  await again.leave();
});

Deno.test("GET /stream: messages are built only for readers that read", async () => {
  const app = await startApp({ streamStallMs: STALL_MS });
  let reads = 0;
  const entries = app.engine.entries.bind(app.engine);
  app.engine.entries = (after, limit) => {
    reads += 1;
    return entries(after, limit);
  };
  await deliver(app, "a.First");
  const readers = [];
  for (let count = 0; count < 10; count++) readers.push(await open(app, "/stream"));
  for (const reader of readers) await reader.chunk();
  for (let count = 0; count < 10; count++) await deliver(app, "a.B");
  await app.clock.settle();
  assert.ok(reads <= 10, `one reader of the journal is enough for all: ${reads} reads`);
  for (const reader of readers) assert.equal((await reader.messages()).length, 10);
  assert.ok(reads <= 11, `what all of them want is read once: ${reads} reads`);
  for (const reader of readers) await reader.leave();
});

Deno.test("GET /stream: a stalled reader counts as open until it reads again or leaves", async () => {
  const app = await startApp({ streamsMax: 2, streamStallMs: STALL_MS });
  const readers = [await open(app, "/stream"), await open(app, "/stream")];
  for (const reader of readers) await reader.chunk();
  for (const reader of readers) void await Promise.all([reader.messages(), deliver(app, "a.B")]);
  await app.clock.advance(STALL_MS);
  await problemOf(await app.get("/stream"), 503, "over-capacity");
  assert.equal(await readers[0]?.chunk(), undefined);
  const third = await open(app, "/stream");
  await third.chunk();
  await problemOf(await app.get("/stream"), 503, "over-capacity");
  await readers[1]?.leave();
  await (await open(app, "/stream")).leave();
  await third.leave();
});

Deno.test("GET /stream: a thousand readers are served, and other requests in between", async () => {
  const app = await startApp({ streamsMax: 2_000 });
  await deliver(app, "a.First");
  const readers = [];
  for (let count = 0; count < 2_000; count++) readers.push(await open(app, "/stream"));
  for (const reader of readers) await reader.chunk();
  const pending = readers.map((reader) => reader.messages());
  const turns = app.clock.turns;
  await deliver(app, "a.B");
  for (const messages of await Promise.all(pending)) assert.equal(messages.length, 1);
  assert.ok(app.clock.turns - turns >= 10, "it did not yield");
  for (const reader of readers) await reader.leave();
});

Deno.test("GET /stream: the more readers there are, the less each is sent at once", async () => {
  const events = Array.from({ length: 100 }, () => ({
    eventType: "a.B",
    attributes: { text: "x".repeat(2_000) },
  }));
  const lengths = [];
  for (const count of [1, 150, 500]) {
    const app = await startApp();
    await app.post("/events", events);
    const readers = [];
    while (readers.length < count) readers.push(await open(app, "/stream?after=0"));
    for (const reader of readers) await reader.chunk();
    lengths.push((await readers[0]?.chunk())?.length ?? 0);
    for (const reader of readers) await reader.leave();
  }
  const [one = 0, some = 0, many = 0] = lengths;
  assert.ok(one >= 16 * 1024, `${one}`);
  assert.ok(some < 10 * 1024, `${some}`);
  assert.ok(many < 5 * 1024, `${many}`);
});

Deno.test("GET /stream: it ends when the process stops, with its timers", async () => {
  const shutdown = new AbortController();
  const app = await startApp({ shutdownSignal: shutdown.signal });
  const armed = app.clock.armed;
  const reader = await open(app, "/stream");
  await reader.chunk();
  const pending = reader.chunk();
  await app.clock.settle();
  shutdown.abort();
  assert.equal(await pending, undefined);
  await app.clock.advance(HEARTBEAT_MS);
  assert.equal(app.clock.armed, armed);
});

Deno.test("GET /stream: at a stop, entries being read are still sent", async () => {
  const shutdown = new AbortController();
  const app = await startApp({ shutdownSignal: shutdown.signal });
  await createPlan(app);
  const gate = Promise.withResolvers<void>();
  const entries = app.engine.entries.bind(app.engine);
  app.engine.entries = async (after, limit) => {
    await gate.promise;
    return await entries(after, limit);
  };
  const reader = await open(app, "/stream?after=0");
  const pending = reader.rest();
  await app.clock.settle();
  shutdown.abort();
  gate.resolve();
  assert.equal((await pending).length, app.engine.headLogId);
});

Deno.test("GET /events: a stop while lines are being sent aborts the response", async () => {
  const shutdown = new AbortController();
  const app = await startApp({ shutdownSignal: shutdown.signal });
  const events = Array.from({ length: 500 }, () => ({ eventType: "a.B" }));
  await app.post("/events", events);
  const response = await app.get("/events", { accept: "application/x-ndjson" });
  const reader = response.body?.getReader();
  await reader?.read();
  shutdown.abort();
  await assert.rejects(async () => await reader?.read(), { name: "AbortError" });
});

Deno.test("GET /stream: a stop does not wait for a reader that takes nothing", async () => {
  const shutdown = new AbortController();
  const app = await startApp({ shutdownSignal: shutdown.signal });
  const armed = app.clock.armed;
  const reader = await open(app, "/stream");
  await reader.chunk();
  shutdown.abort();
  assert.equal(await reader.chunk(), undefined);
  assert.equal(app.clock.armed, armed);
});

Deno.test("GET /stream: a client that leaves releases its timers and its place", async () => {
  const app = await startApp({ streamsMax: 1 });
  const armed = app.clock.armed;
  const reader = await open(app, "/stream");
  await reader.chunk();
  const response = await app.get("/stream");
  assert.equal(response.headers.get("retry-after"), "5");
  await problemOf(response, 503, "over-capacity");
  const pending = reader.chunk();
  await app.clock.settle();
  await reader.leave();
  assert.equal(await pending, undefined);
  await app.clock.advance(HEARTBEAT_MS);
  assert.equal(app.clock.armed, armed);
  await (await open(app, "/stream")).leave();
});

Deno.test("GET /stream: a place is taken with the answer, and given back if nobody reads it", async () => {
  const app = await startApp({ streamsMax: 2, streamStallMs: STALL_MS });
  const answers = await Promise.all([1, 2, 3].map(() => app.get("/stream")));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 503]);
  await answers[0]?.body?.cancel();
  const third = await open(app, "/stream");
  await third.chunk();
  await problemOf(await app.get("/stream"), 503, "over-capacity");
  await app.clock.advance(STALL_MS);
  await (await open(app, "/stream")).leave();
  await assert.rejects(async () => await answers[1]?.text(), {
    message: "It was not read in time",
  });
  await third.leave();
});

Deno.test("GET /stream: it ends when the engine drains", async () => {
  const app = await startApp();
  const reader = await open(app, "/stream");
  await reader.chunk();
  const pending = reader.rest();
  await app.clock.settle();
  const stopped = app.engine.stop(0);
  await app.clock.advance(0);
  await stopped;
  assert.deepEqual(await pending, []);
});

Deno.test("HEAD /stream: it is answered without a stream", async () => {
  const app = await startApp({ streamsMax: 1 });
  for (let count = 0; count < 2; count++) {
    const response = await app.app.request("/stream", { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(await response.text(), "");
  }
});

Deno.test("GET /stream: an invalid Last-Event-ID, or one beyond the head, is 422", async () => {
  const app = await startApp();
  for (const id of ["x", "-1", "999"]) {
    const response = await app.get("/stream", { "last-event-id": id });
    await problemOf(response, 422, "invalid-request");
  }
});

// `GET /jobs/:id/stream`: server-sent events of one job.

Deno.test("GET /jobs/:id/stream: it starts with the job and shows no other", async () => {
  const app = await startApp();
  await createPlan(app, { plan: shipmentPlan("43") });
  const { jobId } = await createPlan(app);
  await createPlan(app, { plan: shipmentPlan("44") });
  const reader = await open(app, `/jobs/${jobId}/stream`);
  const entries = [...await reader.entries(2)];
  const pending = reader.entries(1);
  await deliver(app, "a.B");
  await app.post(`/jobs/${jobId}/suspend`);
  entries.push(...await pending);
  assert.deepEqual(entries.map((entry) => entry.jobId), [jobId, jobId, jobId]);
  assert.deepEqual(types(entries).at(-1), "job.JobSuspended");
  await reader.leave();
});

Deno.test("GET /jobs/:id/stream: until=terminal ends with the entry that ended the job", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const reader = await open(app, `/jobs/${jobId}/stream?until=terminal`);
  const pending = reader.rest();
  await app.clock.settle();
  await deliver(app, "shop.ParcelShipped", { orderId: "42" });
  await app.post("/events", { eventType: "a.Late", jobId });
  assert.deepEqual(types(await pending), [
    ...["job.JobCreated", "job.JobStarted", "job.EventCorrelated"],
  ]);
});

Deno.test("GET /jobs/:id/stream: until=terminal of an ended job gives its history and ends", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createAndRun(app, "test.greet", { name: "Ann" });
  await app.post("/events", { eventType: "a.Late", jobId });
  const entries = await (await open(app, `/jobs/${jobId}/stream?until=terminal`)).rest();
  assert.deepEqual(entries.at(-1)?.logId, lastLogId);
  assert.equal(entries.at(-1)?.job?.to, "Done");
  const after = `?until=terminal&after=${lastLogId}`;
  assert.deepEqual(await (await open(app, `/jobs/${jobId}/stream${after}`)).rest(), []);
});

Deno.test("GET /jobs/:id/stream: until=terminal ends if the position is after the end", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createAndRun(app, "test.greet", { name: "Ann" });
  assert.equal(app.engine.headLogId, lastLogId);
  const path = `/jobs/${jobId}/stream?until=terminal&after=${lastLogId}`;
  assert.deepEqual(await (await open(app, path)).rest(), []);
});

Deno.test("GET /jobs/:id/stream: until=terminal answers 204 to a browser that reconnects", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createAndRun(app, "test.greet", { name: "Ann" });
  const path = `/jobs/${jobId}/stream?until=terminal`;
  const response = await app.get(path, { "last-event-id": String(lastLogId) });
  assert.equal(response.status, 204);
});

Deno.test("GET /jobs/:id/stream: until=terminal ends even if a filter hides the end", async () => {
  const app = await startApp();
  const { jobId, lastLogId } = await createAndRun(app, "test.greet", { name: "Ann" });
  const path = `/jobs/${jobId}/stream?until=terminal&stratum=domain`;
  const reader = await open(app, path);
  const [start] = await reader.messages();
  const [end, ...rest] = await reader.messages();
  assert.deepEqual([start?.id, end?.id, end?.data, rest], [0, lastLogId, undefined, []]);
  assert.deepEqual(await reader.messages(), []);
  const response = await app.get(path, { "last-event-id": String(end?.id) });
  assert.equal(response.status, 204);
});

Deno.test("GET /jobs/:id/stream: heartbeats move past the entries of other jobs", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const reader = await open(app, `/jobs/${jobId}/stream`);
  await reader.entries(2);
  const pending = reader.messages();
  await deliver(app, "a.B");
  await app.clock.advance(HEARTBEAT_MS);
  assert.deepEqual(await pending, [{ id: app.engine.headLogId, data: undefined }]);
  await reader.leave();
});
