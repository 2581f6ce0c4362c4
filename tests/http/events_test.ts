/** `POST /events` and `GET /events`. */

import assert from "node:assert/strict";
import {
  createPlan,
  jsonOf,
  pointersOf,
  problemOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";

interface ReceiptBody {
  readonly eventId: string | null;
  readonly logId?: number;
  readonly disposition: string;
  readonly jobs: readonly { jobId: string; state: string; expectation?: string }[];
  readonly reason?: string;
  readonly nearest?: unknown;
  readonly errors?: readonly { pointer: string; detail: string }[];
}

const SHIPPED = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };
const NDJSON = { "content-type": "application/x-ndjson" };

async function receiptsOf(response: Response): Promise<readonly ReceiptBody[]> {
  return (await jsonOf<{ receipts: ReceiptBody[] }>(response, 200)).receipts;
}

async function deliver(
  app: TestApp,
  body: unknown,
  headers?: Record<string, string>,
): Promise<readonly ReceiptBody[]> {
  return await receiptsOf(await app.post("/events", body, headers));
}

Deno.test("POST /events: for an event that matches the receipt names the job and its progress", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const [receipt] = await deliver(app, SHIPPED);
  assert.equal(receipt?.disposition, "matched");
  assert.deepEqual(receipt?.jobs, [
    { jobId, state: "Done", expectation: "shipped", matched: 1, required: 1 },
  ]);
});

Deno.test("POST /events: for an event that matches nothing the receipt names the nearest expectation", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { jobId: "order-42" });
  const response = await app.post("/events", [
    { eventType: "shop.ParcelShipped", eventId: "e1", attributes: { orderId: 42 } },
    { eventType: "shop.parcelShipped", eventId: "e2", attributes: { orderId: "42" } },
  ]);
  const { receipts } = await jsonOf<{ receipts: unknown[] }>(response, 200);

  const head = app.engine.headLogId;
  const why = 'orderId: expected "42" (text), found 42 (number)';
  const common = { disposition: "recorded", jobs: [] };
  assert.deepEqual(receipts, [{
    ...common,
    eventId: "e1",
    logId: head - 1,
    reason: `matched nothing: the nearest is expectation shipped of job order-42: ${why}`,
    nearest: {
      jobId,
      state: "Running",
      expectation: "shipped",
      reason: why,
      clauses: [{ path: "orderId", expected: '"42"', found: "42", close: true }],
    },
  }, {
    ...common,
    eventId: "e2",
    logId: head,
    reason: "no job waits for events of type shop.parcelShipped; " +
      "did you mean shop.ParcelShipped, which 1 job waits for?",
  }]);
});

Deno.test("POST /events: the receipt says if a value is in the wrong place, or the event came too late", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { jobId: "order-42" });
  const nested = { eventType: "shop.ParcelShipped", attributes: { order: { orderId: "42" } } };
  const [misplaced] = await deliver(app, nested);
  await deliver(app, SHIPPED);
  const endedBy = app.engine.headLogId;
  const [late] = await deliver(app, SHIPPED);

  const why = 'orderId: expected "42", found nothing; "42" is at order.orderId';
  assert.deepEqual(misplaced?.nearest, {
    jobId,
    state: "Running",
    expectation: "shipped",
    reason: why,
    clauses: [{
      path: "orderId",
      expected: '"42"',
      found: "nothing",
      close: false,
      elsewhere: { path: "order.orderId", found: '"42"', close: true },
    }],
  });
  assert.equal(
    late?.reason,
    "matched nothing: expectation shipped of job order-42 would match, " +
      `but the job has been Done since entry ${endedBy}`,
  );
});

Deno.test("POST /events: every field of an event is recorded", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const event = {
    eventId: "evt:1",
    eventType: "a.B",
    stratum: "coordination",
    occurredAt: "2025-12-31T23:59:59.123456Z",
    jobId,
    taskId: "t",
    executionId: "x",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    attributes: { deep: { list: [1, null] } },
  };
  const [receipt] = await deliver(app, event);
  const [entry] = await app.engine.entries((receipt?.logId ?? 0) - 1, 1);
  const { logId: _, receivedAt, ...recorded } = entry ?? { logId: 0, receivedAt: "" };
  assert.deepEqual(recorded, event);
  assert.equal(receivedAt, "2026-01-01T00:00:00.000Z");
});

Deno.test("POST /events: the same event in another stratum is other content", async () => {
  const app = await startApp();
  const first = { ...SHIPPED, eventId: "parcel-9", stratum: "coordination" };
  const corrected = { ...first, stratum: "domain" };
  await deliver(app, first);
  for (let times = 0; times < 2; times++) {
    await problemOf(await app.post("/events", corrected), 409, "event-id-reused");
  }
  assert.equal((await deliver(app, first))[0]?.disposition, "duplicate");
  await deliver(app, { ...SHIPPED, eventId: "parcel-10" });
  await problemOf(
    await app.post("/events", { ...SHIPPED, eventId: "parcel-10", stratum: "coordination" }),
    409,
    "event-id-reused",
  );
  const refused = await app.get("/events?eventType=journal.EventRefused");
  const strata = (await refused.json()).entries.map((
    { attributes }: { attributes: { stratum?: string } },
  ) => attributes.stratum);
  assert.deepEqual(strata, [undefined, "coordination"]);
});

Deno.test("POST /events: other content under an id that is on record is 409, and one of many is rejected", async () => {
  const app = await startApp();
  const first = { ...SHIPPED, eventId: "parcel-7" };
  const other = { ...first, attributes: { orderId: "43" } };
  await deliver(app, first);
  const problem = await problemOf(await app.post("/events", other), 409, "event-id-reused");
  assert.match(problem.detail, /parcel-7 is on record at 2 with other content/);
  const receipts = await deliver(app, [other, first]);
  assert.deepEqual(receipts.map(({ disposition, logId }) => [disposition, logId]), [
    ["rejected", 2],
    ["duplicate", 2],
  ]);
  const refused = await app.get("/events?eventType=journal.EventRefused");
  const { entries } = await jsonOf<{ entries: { attributes: unknown }[] }>(refused, 200);
  assert.deepEqual(entries.map(({ attributes }) => attributes), [
    { eventId: "parcel-7", eventType: SHIPPED.eventType, attributes: { orderId: "43" } },
  ]);
});

Deno.test("POST /events: a second delivery is a duplicate with the first position", async () => {
  const app = await startApp();
  const event = { ...SHIPPED, eventId: "e1" };
  const [first] = await deliver(app, event);
  const [second] = await deliver(app, event);
  assert.deepEqual([second?.disposition, second?.logId], ["duplicate", first?.logId]);
});

Deno.test("POST /events: a batch is judged event by event, in order", async () => {
  const app = await startApp();
  await createPlan(app);
  const receipts = await deliver(app, [
    { ...SHIPPED, eventId: "good" },
    { eventType: "job.JobStarted", eventId: "reserved" },
    { eventType: "a.B", jobId: "nobody" },
    { ...SHIPPED, eventId: "good" },
    7,
    { eventType: "a.B", attributes: [] },
  ]);
  assert.deepEqual(receipts.map(({ disposition }) => disposition), [
    ...["matched", "rejected", "rejected", "duplicate", "rejected", "rejected"],
  ]);
  assert.deepEqual(receipts.map(({ errors }) => errors?.[0]?.pointer), [
    ...[undefined, "/1/eventType", undefined, undefined, "/4", "/5/attributes"],
  ]);
  assert.equal(receipts[1]?.eventId, "reserved");
  assert.match(receipts[2]?.reason ?? "", /no job nobody/);
});

Deno.test("POST /events: an empty array has no receipts", async () => {
  const app = await startApp();
  assert.deepEqual(await deliver(app, []), []);
  assert.deepEqual(await deliver(app, "\n", NDJSON), []);
});

Deno.test("POST /events: NDJSON is judged line by line, including malformed lines", async () => {
  const app = await startApp();
  const text = `${JSON.stringify(SHIPPED)}\r\n{oops\n\n{"eventType":"a.B","x":1}\n`;
  const receipts = await deliver(app, text, NDJSON);
  assert.deepEqual(receipts.map(({ disposition }) => disposition), [
    ...["recorded", "rejected", "rejected"],
  ]);
  assert.match(receipts[1]?.errors?.[0]?.detail ?? "", /at position 1/);
  // Named as in an array, by the number of events before it.
  const pointers = receipts.map(({ errors }) => errors?.[0]?.pointer);
  assert.deepEqual(pointers, [undefined, "/1", "/2/x"]);
});

Deno.test("POST /events: over 1,000 events are 422, and nothing is recorded", async () => {
  const app = await startApp();
  const head = app.engine.headLogId;
  const events = Array.from({ length: 1_001 }, () => ({ eventType: "a.B" }));
  await problemOf(await app.post("/events", events), 422, "invalid-request");
  const lines = events.map((event) => JSON.stringify(event)).join("\n");
  await problemOf(await app.post("/events", lines, NDJSON), 422, "invalid-request");
  assert.equal(app.engine.headLogId, head);
});

const BAD_EVENTS: readonly (readonly [string, unknown, string])[] = [
  ["no event", 1, ""],
  ["no type", {}, "/eventType"],
  ["an unknown field", { eventType: "a.B", logId: 1 }, "/logId"],
  ["a type in job.", { eventType: "job.JobCreated" }, "/eventType"],
  ["a type in journal.", { eventType: "journal.Sealed" }, "/eventType"],
  ["a type with a space", { eventType: "a b" }, "/eventType"],
  ["a bad event id", { eventType: "a.B", eventId: "a\r\nb" }, "/eventId"],
  ["a bad job id", { eventType: "a.B", jobId: "../x" }, "/jobId"],
  ["a bad time", { eventType: "a.B", occurredAt: "2026-13-01T00:00:00Z" }, "/occurredAt"],
  ["the framework's stratum", { eventType: "a.B", stratum: "framework" }, "/stratum"],
];

for (const [name, event, pointer] of BAD_EVENTS) {
  Deno.test(`POST /events: a single event with ${name} is 422 with a pointer`, async () => {
    const app = await startApp();
    const problem = await problemOf(await app.post("/events", event), 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), [pointer]);
  });
}

Deno.test("POST /events: a single event for an unknown job is 404", async () => {
  const app = await startApp();
  const event = { eventType: "a.B", jobId: "nobody" };
  await problemOf(await app.post("/events", event), 404, "unknown-job");
});

Deno.test("POST /events: another media type is 415", async () => {
  const app = await startApp();
  const response = await app.post("/events", "x", { "content-type": "text/plain" });
  await problemOf(response, 415, "unsupported-media-type");
});

Deno.test("POST /events: a time with an offset is recorded in UTC", async () => {
  const app = await startApp();
  await deliver(app, { eventType: "a.B", occurredAt: "2026-01-01T01:00:00+01:00" });
  const [entry] = (await app.engine.entries(app.engine.headLogId - 1, 1)).slice(-1);
  assert.equal(entry?.occurredAt, "2026-01-01T00:00:00.000Z");
});

interface PageBody {
  readonly entries: readonly {
    logId: number;
    eventType: string;
    stratum: string;
    jobId?: string;
  }[];
  readonly nextCursor: string | null;
}

async function page(app: TestApp, query: string): Promise<PageBody> {
  return await jsonOf<PageBody>(await app.get(`/events${query}`), 200);
}

Deno.test("GET /events: pages give every entry once, and the last has no cursor", async () => {
  const app = await startApp();
  for (let count = 0; count < 5; count++) await deliver(app, { eventType: `a.B${count}` });
  const head = app.engine.headLogId;
  const logIds: number[] = [];
  for (let query: string | null = "?limit=2&after=1"; query !== null;) {
    const { entries, nextCursor }: PageBody = await page(app, query);
    logIds.push(...entries.map(({ logId }) => logId));
    query = nextCursor === null ? null : `?limit=2&after=1&cursor=${nextCursor}`;
  }
  assert.deepEqual(logIds, Array.from({ length: head - 1 }, (_, index) => index + 2));
});

Deno.test("GET /events: filters narrow by type, stratum and job", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await createPlan(app, { plan: shipmentPlan("43") });
  await deliver(app, SHIPPED);
  await deliver(app, { eventType: "a.B", stratum: "coordination" });
  const typesOf = async (query: string) =>
    (await page(app, query)).entries.map(({ eventType }) => eventType);
  assert.deepEqual(await typesOf("?stratum=domain"), ["shop.ParcelShipped"]);
  assert.deepEqual(await typesOf("?eventType=a.B,shop.ParcelShipped"), [
    ...["shop.ParcelShipped", "a.B"],
  ]);
  const ofJob = ["job.JobCreated", "job.JobStarted", "job.EventCorrelated"];
  assert.deepEqual(await typesOf(`?jobId=${jobId}`), ofJob);
  assert.deepEqual(await typesOf("?jobId=nobody"), []);
});

Deno.test("GET /events: a rare match does not read everything for one page", async () => {
  const app = await startApp();
  const events = Array.from({ length: 1_000 }, () => ({ eventType: "a.Often" }));
  for (let round = 0; round < 12; round++) await deliver(app, events);
  await deliver(app, { eventType: "a.Rare" });
  const first = await page(app, "?eventType=a.Rare");
  assert.deepEqual(first.entries, []);
  assert.notEqual(first.nextCursor, null);
  const second = await page(app, `?eventType=a.Rare&cursor=${first.nextCursor}`);
  assert.deepEqual(second.entries.map(({ eventType }) => eventType), ["a.Rare"]);
  assert.equal(second.nextCursor, null);
});

Deno.test("GET /events: NDJSON returns all matches in order, however many", async () => {
  const app = await startApp();
  const events = Array.from({ length: 1_000 }, (_, index) => ({ eventType: `a.B${index % 2}` }));
  await deliver(app, events);
  await deliver(app, events);
  const accept = { accept: "application/x-ndjson" };
  const text = await (await app.get("/events?eventType=a.B0", accept)).text();
  const logIds = text.trimEnd().split("\n").map((line) => JSON.parse(line).logId as number);
  assert.equal(logIds.length, 1_000);
  assert.deepEqual(logIds, logIds.toSorted((left, right) => left - right));
  const few = await (await app.get("/events?limit=3", accept)).text();
  assert.equal(few.trimEnd().split("\n").length, 3);
});

Deno.test("POST /events: names with backslashes and escapes are recorded as they were sent", async () => {
  const app = await startApp();
  await app.post("/events", { eventType: "shop.Odd", attributes: { a: 1, "\\": 0 } });
  await app.post("/events", { eventType: "shop.Odd", attributes: { a: 1, '"': 0, "\n": "x" } });
  const { entries } = await jsonOf<{ entries: { attributes: object }[] }>(
    await app.get("/events?eventType=shop.Odd"),
    200,
  );
  assert.deepEqual(entries.map(({ attributes }) => Object.keys(attributes)), [
    ["a", "\\"],
    ["a", '"', "\n"],
  ]);
});
