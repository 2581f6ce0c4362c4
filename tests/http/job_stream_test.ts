/** `GET /jobs/:id/stream`: server-sent events of one job. */

import assert from "node:assert/strict";
import { createAndRun, createPlan, shipmentPlan, startApp } from "../support/http/http_app.ts";
import { deliver, open, types } from "../support/http/http_stream.ts";

const HEARTBEAT_MS = 15_000;

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
  const app = await startApp({ heartbeatMs: HEARTBEAT_MS });
  const { jobId } = await createPlan(app);
  const reader = await open(app, `/jobs/${jobId}/stream`);
  await reader.entries(2);
  const pending = reader.messages();
  await deliver(app, "a.B");
  await app.clock.advance(HEARTBEAT_MS);
  assert.deepEqual(await pending, [{ id: app.engine.headLogId, data: undefined }]);
  await reader.leave();
});
