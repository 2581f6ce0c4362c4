/** `POST /events`: CloudEvents 1.0, structured, in batches and in binary mode. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import {
  createPlan,
  jsonOf,
  pointersOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";

const EVENT = {
  specversion: "1.0",
  id: "7",
  source: "https://shop.example/orders",
  type: "shop.ParcelShipped",
  data: { orderId: "42" },
};

const STRUCTURED = { "content-type": "application/cloudevents+json" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };

interface Receipts {
  readonly receipts: readonly { eventId: string; disposition: string; errors?: unknown[] }[];
}

async function deliver(
  app: TestApp,
  body: unknown,
  headers: Record<string, string>,
): Promise<Receipts["receipts"]> {
  return (await jsonOf<Receipts>(await app.post("/events", body, headers), 200)).receipts;
}

async function lastEntry(app: TestApp): Promise<JobEventLogEntry> {
  const entries = await app.engine.entries(0, 1_000);
  const entry = entries.findLast(({ stratum }) => stratum === "domain");
  assert.ok(entry);
  return entry;
}

Deno.test("CloudEvents: a structured event is recorded with its source and id", async () => {
  const app = await startApp();
  await createPlan(app);
  const time = "2025-12-31T00:00:00Z";
  const [receipt] = await deliver(app, { ...EVENT, subject: "s", time }, STRUCTURED);
  assert.equal(receipt?.disposition, "matched");
  const { eventId, eventType, occurredAt, attributes } = await lastEntry(app);
  assert.match(eventId, /^ce_[0-9a-f]{40}$/);
  assert.equal(eventType, "shop.ParcelShipped");
  assert.equal(occurredAt, time);
  const cloudevent = { id: "7", source: "https://shop.example/orders", subject: "s" };
  assert.deepEqual(attributes, { orderId: "42", cloudevent });
});

Deno.test("CloudEvents: source and id together are the identity", async () => {
  const app = await startApp();
  const other = { ...EVENT, source: "https://other.example" };
  const receipts = await deliver(app, [EVENT, other, { ...EVENT, data: {} }], BATCH);
  assert.deepEqual(receipts.map(({ disposition }) => disposition), [
    ...["recorded", "recorded", "rejected"],
  ]);
});

Deno.test("CloudEvents: jobid, taskid and traceparent become references", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await deliver(app, { ...EVENT, jobid: jobId, taskid: "t", traceparent }, STRUCTURED);
  const entry = await lastEntry(app);
  assert.deepEqual([entry.jobId, entry.taskId], [jobId, "t"]);
  assert.equal(entry.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(entry.spanId, "b7ad6b7169203331");
});

Deno.test("CloudEvents: an invalid traceparent is ignored, and kept among the extensions", async () => {
  const app = await startApp();
  for (const [index, traceparent] of ["x", "", 7, null, `00-${"0".repeat(32)}-1-01`].entries()) {
    await deliver(app, { ...EVENT, id: String(index), traceparent }, STRUCTURED);
    const { traceId, spanId, attributes } = await lastEntry(app);
    assert.deepEqual([traceId, spanId], [undefined, undefined]);
    const { cloudevent } = attributes as { cloudevent: { traceparent: unknown } };
    assert.equal(cloudevent.traceparent, traceparent);
  }
});

Deno.test("CloudEvents: tracestate is an extension like any other", async () => {
  const app = await startApp();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await deliver(app, { ...EVENT, traceparent, tracestate: "vendor=1" }, STRUCTURED);
  const { attributes } = await lastEntry(app);
  const { cloudevent } = attributes as { cloudevent: Record<string, unknown> };
  assert.deepEqual(cloudevent, { ...cloudevent, tracestate: "vendor=1" });
  assert.ok(!("traceparent" in cloudevent));
});

Deno.test("CloudEvents: data that is not an object is kept under data", async () => {
  const app = await startApp();
  for (const data of ["text", 7, [1, 2], null]) {
    await deliver(app, { ...EVENT, id: JSON.stringify(data), data }, STRUCTURED);
    const { attributes } = await lastEntry(app);
    assert.deepEqual((attributes as { data: unknown }).data, data);
  }
});

Deno.test("CloudEvents: binary mode takes attributes from headers and data from the body", async () => {
  const app = await startApp();
  const headers = {
    "ce-specversion": "1.0",
    "ce-id": "7",
    "ce-source": "/shop%20one",
    "ce-type": "shop.ParcelShipped",
  };
  const [receipt] = await deliver(app, { orderId: "42" }, headers);
  assert.equal(receipt?.disposition, "recorded");
  const cloudevent = { id: "7", source: "/shop one" };
  assert.deepEqual((await lastEntry(app)).attributes, { orderId: "42", cloudevent });
  const text = { ...headers, "ce-id": "8", "content-type": "text/plain" };
  await deliver(app, "hello", text);
  assert.equal(((await lastEntry(app)).attributes as { data: unknown }).data, "hello");
  await deliver(app, undefined, { ...headers, "ce-id": "9" });
  assert.deepEqual(Object.keys((await lastEntry(app)).attributes), ["cloudevent"]);
});

Deno.test("CloudEvents: a name that reaches a prototype is 422 in binary mode too", async () => {
  const app = await startApp();
  const headers = {
    ...{ "ce-specversion": "1.0", "ce-id": "7", "ce-source": "/shop", "ce-type": "shop.Paid" },
    "ce-constructor": "x",
  };
  const problem = await problemOf(await app.post("/events", {}, headers), 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/constructor"]);
});

const BAD: readonly (readonly [string, object, string])[] = [
  ["another version", { specversion: "0.3" }, "/specversion"],
  ["no source", { source: undefined }, "/source"],
  ["an empty id", { id: "" }, "/id"],
  ["a reserved type", { type: "job.JobStarted" }, "/type"],
  ["a type with a slash", { type: "a/b" }, "/type"],
  ["a bad time", { time: "now" }, "/time"],
  ["data where its source is kept", { data: { cloudevent: 1 } }, "/data/cloudevent"],
  ["content in both forms", { data_base64: "AAAA" }, "/data_base64"],
  ["content that is not base64", { data: undefined, data_base64: "AAA$" }, "/data_base64"],
];

for (const [name, fields, pointer] of BAD) {
  Deno.test(`CloudEvents: ${name} is 422 alone, and rejected in a batch`, async () => {
    const app = await startApp();
    const event = { ...EVENT, ...fields };
    const response = await app.post("/events", event, STRUCTURED);
    assert.deepEqual(pointersOf(await problemOf(response, 422, "invalid-request")), [pointer]);
    const receipts = await deliver(app, [event, { ...EVENT, id: "8" }], BATCH);
    assert.deepEqual(receipts.map(({ disposition }) => disposition), ["rejected", "recorded"]);
  });
}

Deno.test("CloudEvents: a batch that is not an array is 422", async () => {
  const app = await startApp();
  await problemOf(await app.post("/events", EVENT, BATCH), 422, "invalid-request");
});
