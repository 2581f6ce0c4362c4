/** `traceparent` of requests: the ids on entries, and where they are shown. */

import assert from "node:assert/strict";
import {
  createAndRun,
  createPlan,
  jsonOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";

const TRACE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const TRACEPARENT = `00-${TRACE.traceId}-${TRACE.spanId}-01`;
const HEADERS = { traceparent: TRACEPARENT };

const PAID = { eventType: "shop.Paid", attributes: { orderId: "42" } };
const CLOUD_EVENT = { specversion: "1.0", id: "7", source: "/shop", type: "shop.Paid" };

interface EntryBody {
  readonly logId: number;
  readonly eventType: string;
  readonly traceId?: string;
  readonly spanId?: string;
}

async function entriesOf(app: TestApp, path = "/events"): Promise<readonly EntryBody[]> {
  const response = await app.get(`${path}?limit=500`);
  return (await jsonOf<{ entries: EntryBody[] }>(response, 200)).entries;
}

async function lastOf(app: TestApp, eventType: string): Promise<EntryBody> {
  const entry = (await entriesOf(app)).findLast((entry) => entry.eventType === eventType);
  assert.ok(entry, eventType);
  return entry;
}

function idsIn({ traceId, spanId }: EntryBody): readonly (string | undefined)[] {
  return [traceId, spanId];
}

const TRACED = [TRACE.traceId, TRACE.spanId];
const UNTRACED = [undefined, undefined];

Deno.test("traceparent: for a new job it is recorded with its creation and its start", async () => {
  const app = await startApp();
  const response = await app.post("/jobs", { type: "test.greet", input: { name: "A" } }, HEADERS);
  const { jobId } = await jsonOf(response, 202);
  await app.clock.settle();
  const entries = await entriesOf(app, `/jobs/${jobId}/events`);
  assert.deepEqual(entries.slice(0, 2).map(idsIn), [TRACED, TRACED]);
  assert.ok(entries.length > 4 && entries.every(({ traceId }) => traceId === TRACE.traceId));
});

Deno.test("traceparent: an invalid one is ignored, and so is an empty one", async () => {
  const app = await startApp();
  const invalid = [
    ...["", "x", `ff-${TRACE.traceId}-${TRACE.spanId}-01`, `${TRACEPARENT}, ${TRACEPARENT}`],
    `00-${"0".repeat(32)}-${TRACE.spanId}-01`,
  ];
  for (const traceparent of invalid) {
    const plan = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
    await jsonOf(await app.post("/jobs", { plan }, { traceparent, tracestate: "a=b" }), 202);
    await jsonOf(await app.post("/events", PAID, { traceparent }), 200);
  }
  assert.ok((await entriesOf(app)).every((entry) => !("traceId" in entry || "spanId" in entry)));
});

Deno.test("traceparent: for an unsampled trace only the trace id is recorded", async () => {
  const app = await startApp();
  const headers = { traceparent: `00-${TRACE.traceId}-${TRACE.spanId}-00` };
  await jsonOf(await app.post("/events", PAID, headers), 200);
  assert.deepEqual(idsIn(await lastOf(app, "shop.Paid")), [TRACE.traceId, undefined]);
});

const FORMS: readonly (readonly [string, unknown, Record<string, string>])[] = [
  ["one event", PAID, {}],
  ["an array", [PAID], {}],
  ["lines", JSON.stringify(PAID), { "content-type": "application/x-ndjson" }],
  ["a CloudEvent", CLOUD_EVENT, { "content-type": "application/cloudevents+json" }],
  ["CloudEvents", [CLOUD_EVENT], { "content-type": "application/cloudevents-batch+json" }],
  ["a CloudEvent in binary mode", {}, {
    ...{ "ce-specversion": "1.0", "ce-id": "7", "ce-source": "/shop", "ce-type": "shop.Paid" },
  }],
];

for (const [what, body, headers] of FORMS) {
  Deno.test(`traceparent: for ${what} it is recorded with the event and its effects`, async () => {
    const app = await startApp();
    const plan = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
    await createPlan(app, { plan });
    await jsonOf(await app.post("/events", body, { ...headers, ...HEADERS }), 200);
    assert.deepEqual(idsIn(await lastOf(app, "shop.Paid")), TRACED);
    assert.deepEqual(idsIn(await lastOf(app, "job.EventCorrelated")), TRACED);
    assert.deepEqual(idsIn(await lastOf(app, "job.JobCreated")), UNTRACED);
  });
}

const OWN = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const OWN_TRACEPARENT = `00-${OWN.traceId}-${OWN.spanId}-01`;

const OWN_FORMS: readonly (readonly [string, unknown, Record<string, string>])[] = [
  ["an event", { ...PAID, ...OWN }, {}],
  ["a CloudEvent", { ...CLOUD_EVENT, traceparent: OWN_TRACEPARENT }, {
    "content-type": "application/cloudevents+json",
  }],
  ["one of many CloudEvents", [{ ...CLOUD_EVENT, traceparent: OWN_TRACEPARENT }], {
    "content-type": "application/cloudevents-batch+json",
  }],
  ["a CloudEvent in binary mode", {}, {
    ...{ "ce-specversion": "1.0", "ce-id": "7", "ce-source": "/shop", "ce-type": "shop.Paid" },
    "ce-traceparent": OWN_TRACEPARENT,
  }],
];

for (const [what, body, headers] of OWN_FORMS) {
  Deno.test(`traceparent: the ids in ${what} are recorded, not those of its request`, async () => {
    const app = await startApp();
    await jsonOf(await app.post("/events", body, { ...headers, ...HEADERS }), 200);
    assert.deepEqual(idsIn(await lastOf(app, "shop.Paid")), [OWN.traceId, OWN.spanId]);
  });
}

Deno.test("traceparent: a second delivery in another trace is still a duplicate", async () => {
  const app = await startApp();
  const event = { ...PAID, eventId: "paid-1" };
  await jsonOf(await app.post("/events", event, HEADERS), 200);
  const again = await app.post("/events", event, { traceparent: OWN_TRACEPARENT });
  const { receipts } = await jsonOf<{ receipts: { disposition: string }[] }>(again, 200);
  assert.deepEqual(receipts.map(({ disposition }) => disposition), ["duplicate"]);
  assert.deepEqual(idsIn(await lastOf(app, "shop.Paid")), TRACED);
});

Deno.test("traceparent: the same Idempotency-Key in another trace replays the answer", async () => {
  const app = await startApp();
  const body = { plan: { expected: [{ id: "paid", eventType: "shop.Paid" }] } };
  const key = { "idempotency-key": "k" };
  const first = await jsonOf(await app.post("/jobs", body, { ...key, ...HEADERS }), 202);
  const traceparent = OWN_TRACEPARENT;
  const second = await app.post("/jobs", body, { ...key, traceparent });
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(await jsonOf(second, 202), first);
});

Deno.test("traceparent: for a control it is recorded with its entries", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { start: false });
  const named = [["start", "JobStarted"], ["suspend", "JobSuspended"], ["resume", "JobResumed"]];
  for (const [control, name] of [...named, ["cancel", "JobCancelled"]]) {
    await jsonOf(await app.post(`/jobs/${jobId}/${control}`, { reason: "r" }, HEADERS), 200);
    assert.deepEqual(idsIn(await lastOf(app, `job.${name}`)), TRACED);
  }
  const retried = await jsonOf(await app.post(`/jobs/${jobId}/retry`, {}, HEADERS), 201);
  const [created] = await entriesOf(app, `/jobs/${retried.jobId}/events`);
  assert.deepEqual(created && idsIn(created), TRACED);
  assert.deepEqual(idsIn(await lastOf(app, "job.JobRetried")), TRACED);
});

Deno.test("traceparent: the span of the request is recorded if spans are exported", async () => {
  let active: typeof OWN | undefined = OWN;
  const app = await startApp({ spans: { active: () => active, routed: () => {} } });
  await jsonOf(await app.post("/events", PAID, HEADERS), 200);
  assert.deepEqual(idsIn(await lastOf(app, "shop.Paid")), [OWN.traceId, OWN.spanId]);
  active = undefined;
  await jsonOf(await app.post("/events", { ...PAID, eventType: "shop.Sent" }, HEADERS), 200);
  assert.deepEqual(idsIn(await lastOf(app, "shop.Sent")), TRACED);
});

Deno.test("spans: that of a request gets its route, even if it is refused", async () => {
  const routes: string[] = [];
  const routed = (method: string, route: string) => void routes.push(`${method} ${route}`);
  const app = await startApp({ token: "t".repeat(32), spans: { active: () => undefined, routed } });
  for (const path of ["/jobs/x", "/jobs/x/explain", "/livez", "/nowhere"]) {
    await (await app.get(path)).body?.cancel();
  }
  await (await app.post("/jobs/x/retry")).body?.cancel();
  assert.deepEqual(routes, [
    ...["GET /jobs/:id", "GET /jobs/:id/explain", "GET /livez", "POST /jobs/:id/retry"],
  ]);
});

Deno.test("traceparent: streams, NDJSON and a job's stream show the ids", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.greet", { name: "A" });
  const traced = await jsonOf(
    await app.post("/jobs", { type: "test.greet", input: { name: "B" } }, HEADERS),
    202,
  );
  await app.clock.settle();
  const lines = await app.get("/events?limit=500", { accept: "application/x-ndjson" });
  const told = (text: string) => text.split(`"traceId":"${TRACE.traceId}"`).length - 1;
  const history = await entriesOf(app, `/jobs/${traced.jobId}/events`);
  assert.equal(told(await lines.text()), history.length);
  const stream = await app.get(`/jobs/${traced.jobId}/stream?until=terminal&after=0`);
  assert.equal(told(await stream.text()), history.length);
  const other = await app.get(`/jobs/${jobId}/stream?until=terminal&after=0`);
  assert.equal(told(await other.text()), 0);
});

Deno.test("traceparent: an explanation is the same with and without it", async () => {
  const texts: string[] = [];
  for (const headers of [{}, HEADERS]) {
    const app = await startApp();
    const body = { type: "test.parcel", input: { orderId: "42" }, jobId: "parcel" };
    await jsonOf(await app.post("/jobs", body, headers), 202);
    await app.clock.settle();
    const near = { eventType: "shop.ParcelShipped", attributes: { orderId: "7" }, eventId: "e" };
    await jsonOf(await app.post("/events", near, headers), 200);
    for (const path of ["explain?format=text", "explain", "replay"]) {
      texts.push(await (await app.get(`/jobs/parcel/${path}`)).text());
    }
  }
  assert.equal(texts.length, 6);
  assert.deepEqual(texts.slice(3), texts.slice(0, 3));
});
