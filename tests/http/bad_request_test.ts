/** Refused bodies, on `POST /jobs`; other routes read bodies with the same code. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { correlatedEventId, startedJobId } from "../../src/engine/writer/derived_ids.ts";
import {
  jsonOf,
  pointersOf,
  type ProblemBody,
  problemOf,
  startApp,
} from "../support/http/http_app.ts";

async function refusal(
  body: unknown,
  status: number,
  kind: string,
  headers?: Record<string, string>,
): Promise<ProblemBody> {
  const app = await startApp();
  const problem = await problemOf(await app.post("/jobs", body, headers), status, kind);
  assert.equal(app.engine.lists.page({ limit: 1 }).jobs.length, 0);
  return problem;
}

/** Malformed documents, with where each stops being JSON. */
const MALFORMED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["  ", 2],
  ["{", 1],
  ['{"type":', 8],
  ['{"type":"x"', 11],
  ['{"type":"x",}', 12],
  ['{"type" "x"}', 8],
  ["{type:1}", 1],
  ["[1,]", 3],
  ["[1 2]", 3],
  ["{} x", 3],
  ["[1}", 2],
  ['{"a":01}', 6],
  ['{"a":nul}', 5],
  ['"\u0001"', 0],
  [`${" ".repeat(50)}'x'`, 50],
];

for (const [text, position] of MALFORMED) {
  Deno.test(`POST /jobs: ${JSON.stringify(text.trim())} is 400 with its position`, async () => {
    const problem = await refusal(text, 400, "malformed-json");
    assert.equal(problem.position, position);
    assert.match(problem.detail, new RegExp(`at position ${position}$`));
  });
}

Deno.test("POST /jobs: a body that is not UTF-8 is 400", async () => {
  const { app } = await startApp();
  const body = new Uint8Array([0x22, 0xff, 0x22]);
  const headers = { "content-type": "application/json" };
  const response = await app.request("/jobs", { method: "POST", body, headers });
  await problemOf(response, 400, "malformed-text");
});

Deno.test("POST /jobs: a compressed body is 415 and says that it must not be", async () => {
  const { app } = await startApp();
  const plain = new Response('{"type":"test.greet"}').body?.pipeThrough(
    new CompressionStream("gzip"),
  );
  const body = await new Response(plain).bytes();
  for (const mediaType of ["application/json", "multipart/form-data; boundary=x"]) {
    const headers = { "content-type": mediaType, "content-encoding": "gzip" };
    const response = await app.request("/jobs", { method: "POST", body, headers });
    const problem = await problemOf(response, 415, "unsupported-media-type");
    assert.match(problem.detail, /its Content-Encoding is "gzip"; send it without one$/);
  }
});

const READING = ["/jobs", "/events", "/jobs/x/cancel", "/jobs/x/what-if", "/ui/sign-in"];
const ENCODED: readonly Record<string, string>[] = [
  { "content-encoding": "x-unknown" },
  { "content-encoding": "identity, gzip" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": 'application/json;a=b; Charset="ISO-8859-1"' },
  { "content-type": "application/json; charset=utf-8; charset=utf-16" },
];

for (const headers of ENCODED) {
  Deno.test(`bodies: ${JSON.stringify(headers)} is 415 on every route`, async () => {
    const app = await startApp({ token: "s3cret" });
    const authorization = "Bearer s3cret";
    await app.post("/jobs", { jobId: "x", plan: { expected: [] } }, { authorization });
    for (const path of READING) {
      const response = await app.post(path, {}, { ...headers, authorization });
      const problem = await problemOf(response, 415, "unsupported-media-type");
      assert.match(problem.detail, /its (?:Content-Encoding|charset) is /);
    }
  });
}

Deno.test("POST /jobs: identity encoding is accepted, and UTF-8 has several names", async () => {
  const app = await startApp();
  for (const charset of ["utf-8", '"UTF-8"', "utf8", "us-ascii"]) {
    const headers = {
      "content-type": `application/json; charset=${charset}`,
      "content-encoding": "identity",
    };
    await jsonOf(await app.post("/jobs", { plan: { expected: [] } }, headers), 202);
  }
});

Deno.test("POST /jobs: a file in another charset is 415", async () => {
  const { app } = await startApp();
  const form = new FormData();
  form.set("job", '{"type":"test.greet"}');
  form.set("name", new File(["x"], "x.csv", { type: "text/csv; charset=utf-16" }));
  const response = await app.request("/jobs", { method: "POST", body: form });
  await problemOf(response, 415, "unsupported-media-type");
});

const REPEATED: readonly (readonly [string, readonly string[]])[] = [
  ['{"type":"a","type":"a"}', ["/type"]],
  ['{"type":"a","\\u0074ype":"b"}', ["/type"]],
  ['{"type":"a","input":{"x":[{},{"a/b":1,"a/b":2,"c":":"}]}}', ["/input/x/1/a~1b"]],
  ['{"input":{"a":1,"a":{"b":2}},"input":{}}', ["/input/a", "/input"]],
  ['{"input":{"a":12345678901234567890,"a":1}}', ["/input/a"]],
];

for (const [text, pointers] of REPEATED) {
  Deno.test(`POST /jobs: a key twice in one object is 422: ${text}`, async () => {
    const problem = await refusal(text, 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), pointers);
    assert.match(problem.errors?.[0]?.detail ?? "", /more than once/);
  });
}

Deno.test("POST /jobs: a key may occur again in another object, and colons in texts do not make keys", async () => {
  const app = await startApp();
  const text =
    '{"type":"test.greet","input":{"name":"a\\":b::c"},"labels":{"name":"x","type":"y:"}}';
  await jsonOf(await app.post("/jobs", text), 202);
});

Deno.test("POST /events: of many, only the line with a key twice is refused", async () => {
  const app = await startApp();
  const lines = ['{"eventType":"a.B"}', '{"eventType":"a.B","eventType":"a.C"}'].join("\n");
  const headers = { "content-type": "application/x-ndjson" };
  const { receipts } = await jsonOf<{ receipts: { disposition: string }[] }>(
    await app.post("/events", lines, headers),
    200,
  );
  assert.deepEqual(receipts.map(({ disposition }) => disposition), ["recorded", "rejected"]);
});

for (const mediaType of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
  Deno.test(`POST /jobs: ${mediaType} is 415 with the accepted types`, async () => {
    const problem = await refusal("{}", 415, "unsupported-media-type", {
      "content-type": mediaType,
    });
    assert.match(problem.detail, /application\/json/);
  });
}

Deno.test("POST /jobs: no body at all is 415", async () => {
  await refusal(undefined, 415, "unsupported-media-type");
});

Deno.test("POST /jobs: a media type may have parameters and capital letters", async () => {
  const app = await startApp();
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  await jsonOf(await app.post("/jobs", { plan: { expected: [] } }, headers), 202);
});

Deno.test("POST /jobs: a body of 2 MiB is 413", async () => {
  const text = JSON.stringify({ type: "test.greet", input: "x".repeat(2 * 1024 * 1024) });
  await refusal(text, 413, "body-too-large");
});

Deno.test("POST /jobs: a body announced as 2 MiB is 413 before it arrives", async () => {
  await refusal("{}", 413, "body-too-large", { "content-length": String(2 * 1024 * 1024) });
});

Deno.test("POST /jobs: a body without an announced length is counted as it streams", async () => {
  const { app } = await startApp();
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(64 * 1024));
    },
  });
  const headers = { "content-type": "application/json" };
  const response = await app.request("/jobs", { method: "POST", body, headers });
  await problemOf(response, 413, "body-too-large");
  assert.ok(pulled < 20, `pulled ${pulled} chunks`);
});

Deno.test("POST /jobs: a body that breaks off is 400", async () => {
  const { app } = await startApp();
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("connection reset"));
    },
  });
  const headers = { "content-type": "application/json" };
  const response = await app.request("/jobs", { method: "POST", body, headers });
  await problemOf(response, 400, "unreadable-body");
});

function nested(depth: number): string {
  return `{"type":"test.greet","input":${"[".repeat(depth)}${"]".repeat(depth)}}`;
}

Deno.test("POST /jobs: depth 100 is 422, and so is a depth that would exhaust the stack", async () => {
  for (const depth of [64, 100, 400_000]) {
    const problem = await refusal(nested(depth), 422, "invalid-request");
    assert.match(problem.errors?.[0]?.detail ?? "", /deeper than 64/);
  }
});

Deno.test("POST /jobs: depth 64 is accepted, and brackets in strings do not count", async () => {
  const app = await startApp();
  const input = JSON.parse(nested(63)).input;
  await problemOf(await app.post("/jobs", { type: "x", input }), 422, "unknown-type");
  const name = `"\\${"[".repeat(100)}`;
  await jsonOf(await app.post("/jobs", { type: "test.greet", input: { name } }), 202);
});

function greeting(input: object): string {
  return JSON.stringify({ type: "test.greet", input });
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}

Deno.test("POST /jobs: a document with too many values, lists or names is 422", async () => {
  const many = await refusal(greeting(Array(50_001).fill(0)), 422, "invalid-request");
  assert.match(many.errors?.[0]?.detail ?? "", /more than 50000 values/);
  const lists = await refusal(greeting(Array(20_001).fill([])), 422, "invalid-request");
  assert.match(lists.errors?.[0]?.detail ?? "", /more than 20000 objects and lists/);
  const named = Object.fromEntries(numbered(10_001).map((name) => [name, 0]));
  const names = await refusal(greeting(named), 422, "invalid-request");
  assert.match(names.errors?.[0]?.detail ?? "", /more than 10000 different names/);
});

Deno.test("POST /jobs: repeated names, and commas in strings, do not count", async () => {
  const app = await startApp();
  const rows = Array.from({ length: 15_000 }, (_, index) => ({ name: index }));
  await problemOf(await app.post("/jobs", { type: "x", input: rows }), 422, "unknown-type");
  const name = `"\\${",[{".repeat(100_000)}`;
  await jsonOf(await app.post("/jobs", { type: "test.greet", input: { name } }), 202);
});

const UNSAFE_NUMBERS = ["9007199254740992", "-9007199254740993", "123456789012345678901", "1e400"];

for (const number of UNSAFE_NUMBERS) {
  Deno.test(`POST /jobs: ${number} is 422 with a pointer to the number`, async () => {
    const text = `{"type":"test.greet","input":{"list":[1,${number}]}}`;
    const problem = await refusal(text, 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), ["/input/list/1"]);
  });
}

Deno.test("POST /events: a lone surrogate is 422, and a pair is kept", async () => {
  const app = await startApp();
  const post = (text: string) =>
    app.post("/events", `{"eventType":"ec.Said","attributes":{"text":"${text}"}}`);
  const { errors } = await problemOf(await post("\\ud83d"), 422, "invalid-request");
  assert.deepEqual(errors, [{
    pointer: "/attributes/text",
    detail: "contains a lone surrogate, which is not valid text",
  }]);
  await jsonOf(await post("\\ud83d\\ude00"), 200);
});

Deno.test("POST /jobs: numbers up to 2^53, fractions and large measures are kept", async () => {
  const app = await startApp();
  const times = [9007199254740991, -9007199254740991, 0.12345678901234568, 6.02e123];
  for (const number of times) {
    const body = { type: "test.greet", input: { name: "x", times: number } };
    const job = await jsonOf(await app.post("/jobs", body), 202);
    assert.deepEqual(job.input, body.input);
  }
});

/** Each names a key that reaches a prototype, the last one escaped. */
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype", "\\u005f_proto__"];

for (const key of FORBIDDEN_KEYS) {
  Deno.test(`POST /jobs: a key ${key} is 422 at any depth and points at it`, async () => {
    const text = `{"type":"test.greet","input":{"a":[{"${key}":{"polluted":true}}]}}`;
    const problem = await refusal(text, 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), [`/input/a/0/${JSON.parse(`"${key}"`)}`]);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
}

Deno.test("POST /jobs: constructor is refused as a key, not as a value", async () => {
  const app = await startApp();
  const body = { type: "test.greet", input: { name: "constructor __proto__" } };
  await jsonOf(await app.post("/jobs", body), 202);
});

/** Valid JSON documents with errors, and the pointers to them. */
const INVALID: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["no object", 7, [""]],
  ["no fields", {}, ["/type"]],
  ["an unknown field", { type: "test.greet", inputs: {} }, ["/inputs"]],
  ["two wrong fields", { type: 1, start: "yes" }, ["/type", "/start"]],
  ["both shapes", { type: "test.greet", plan: { expected: [] } }, ["/type"]],
  ["input in a plan", { plan: { expected: [] }, input: {} }, ["/input"]],
  ["a bad id", { type: "test.greet", jobId: "a/b" }, ["/jobId"]],
  ["an empty id", { type: "test.greet", jobId: "" }, ["/jobId"]],
  ["a long id", { type: "test.greet", jobId: "x".repeat(129) }, ["/jobId"]],
  ["a fractional priority", { type: "test.greet", priority: 0.5 }, ["/priority"]],
  ["a priority out of range", { type: "test.greet", priority: 1_001 }, ["/priority"]],
  ["a time without a zone", { type: "test.greet", startAt: "2026-01-01T00:00:00" }, ["/startAt"]],
  ["a day that is none", { type: "test.greet", startAt: "2025-02-30T00:00:00Z" }, ["/startAt"]],
  ["a null", { type: "test.greet", labels: null }, ["/labels"]],
  ["a line feed in a label", { type: "test.greet", labels: { a: "b\nc" } }, ["/labels/a"]],
  ["a NUL in a label", { type: "test.greet", labels: { a: "\0" } }, ["/labels/a"]],
  ["a bad label name", { type: "test.greet", labels: { "a b": "c" } }, ["/labels/a b"]],
  ["a label that is no text", { type: "test.greet", labels: { a: 1 } }, ["/labels/a"]],
  ["a long label", { type: "test.greet", labels: { a: "x".repeat(257) } }, ["/labels/a"]],
  ["no list", { plan: { expected: {} } }, ["/plan/expected"]],
  ["a plan without a list", { plan: {} }, ["/plan/expected"]],
  ["no policy", { plan: { expected: [], policy: 1 } }, ["/plan/policy"]],
];

for (const [name, body, pointers] of INVALID) {
  Deno.test(`POST /jobs: ${name} is 422 and points at the field`, async () => {
    const problem = await refusal(body, 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), pointers);
  });
}

for (const time of ["9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"]) {
  Deno.test(`times: ${time}, of which UTC has the year with five digits or a sign, is 422`, async () => {
    const app = await startApp();
    const event = await app.post("/events", { eventType: "ec.A", occurredAt: time });
    assert.deepEqual(pointersOf(await problemOf(event, 422, "invalid-request")), ["/occurredAt"]);
    const pause = await app.post("/pauses", { reason: "x", label: "a:b", until: time });
    assert.deepEqual(pointersOf(await problemOf(pause, 422, "invalid-request")), ["/until"]);
  });
}

Deno.test("POST /jobs: the detail names the error: both shapes, neither, or the first of several", async () => {
  const detailOf = async (body: unknown) => (await refusal(body, 422, "invalid-request")).detail;
  assert.equal(
    await detailOf({ type: "test.greet", plan: { expected: [] } }),
    "Cannot take the request: /type cannot be combined with plan; give type or plan, not both",
  );
  assert.equal(
    await detailOf({}),
    "Cannot take the request: /type is required, unless there is a plan",
  );
  assert.equal(
    await detailOf({ type: 1, start: "yes" }),
    "Cannot take the request: it has 2 errors, the first: /type must be a string",
  );
});

/** Invalid fields of one expectation, with the pointers below it. */
const INVALID_EXPECTATIONS: readonly (readonly [string, object, readonly string[]])[] = [
  ["id", { id: "a b" }, ["/id"]],
  ["unknown field", { matcher: {} }, ["/matcher"]],
  ["kind", { kind: "Other" }, ["/kind"]],
  ["event type", { eventType: "a..b" }, ["/eventType"]],
  ["event type with a line feed", { eventType: "a.b\n" }, ["/eventType"]],
  ["long event type", { eventType: "x".repeat(201) }, ["/eventType"]],
  ["task id", { taskId: "a/b" }, ["/taskId"]],
  ["multiplicity", { multiplicity: "Twice" }, ["/multiplicity"]],
  ["times 0", { multiplicity: { times: 0 } }, ["/multiplicity/times"]],
  ["times 1.5", { multiplicity: { times: 1.5 } }, ["/multiplicity/times"]],
  ["times over the limit", { multiplicity: { times: 1_000_001 } }, ["/multiplicity/times"]],
  ["correlation", { correlation: "all" }, ["/correlation"]],
  ["correlation without a predicate", { correlation: {} }, ["/correlation"]],
  ["code as correlation", { correlation: { script: "1" } }, ["/correlation"]],
  ["two predicates", { correlation: { equals: {}, not: "any" } }, ["/correlation/not"]],
  ["no scalar", { correlation: { equals: { a: {} } } }, ["/correlation/equals/a"]],
  ["no scalar in a list", { correlation: { in: { a: [[]] } } }, ["/correlation/in/a/0"]],
  ["no list of scalars", { correlation: { in: { a: 1 } } }, ["/correlation/in/a"]],
  ["choice of no value", { correlation: { in: { a: [] } } }, ["/correlation/in/a"]],
  ["choice of no predicate", { correlation: { not: { anyOf: [] } } }, ["/correlation/not/anyOf"]],
  ["inner predicate", { correlation: { all: [{ not: 1 }] } }, ["/correlation/all/0/not"]],
];

for (const [name, fields, pointers] of INVALID_EXPECTATIONS) {
  Deno.test(`POST /jobs: an expectation's wrong ${name} is 422 and is pointed at`, async () => {
    const expected = [{ id: "x", eventType: "a.B", ...fields }];
    const problem = await refusal({ plan: { expected } }, 422, "invalid-request");
    const below = pointers.map((pointer) => `/plan/expected/0${pointer}`);
    assert.deepEqual(pointersOf(problem), below);
  });
}

Deno.test("POST /jobs: expectations of one id are 422 at the second", async () => {
  const expected = [{ id: "x", eventType: "a.B" }, { id: "x", eventType: "a.C" }];
  const problem = await refusal({ plan: { expected } }, 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/plan/expected/1/id"]);
});

Deno.test("POST /jobs: over 1,000 expectations are 422", async () => {
  const expected = Array.from(
    { length: 1_001 },
    (_, index) => ({ id: `e${index}`, eventType: "a" }),
  );
  const problem = await refusal({ plan: { expected } }, 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/plan/expected"]);
});

Deno.test("POST /jobs: a correlation deeper than 16 is 422", async () => {
  const nots = (depth: number): unknown => depth === 1 ? "any" : { not: nots(depth - 1) };
  const expected = (depth: number) => [{ id: "x", eventType: "a.B", correlation: nots(depth) }];
  const problem = await refusal({ plan: { expected: expected(17) } }, 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/plan/expected/0/correlation"]);
  const app = await startApp();
  await jsonOf(await app.post("/jobs", { plan: { expected: expected(16) } }), 202);
});

Deno.test("POST /jobs: over 32 labels are 422", async () => {
  const labels = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, ""]));
  const problem = await refusal({ type: "test.greet", labels }, 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/labels"]);
});

const SIZED: readonly (readonly [form: string, of: (size: number) => unknown])[] = [
  ["equals", (size) => ({ equals: namesTo(size - 1) })],
  ["in", (size) => ({ in: { orderId: Array.from({ length: size - 2 }, (_, n) => n) } })],
  ["all", (size) => ({ all: Array(size - 1).fill("any") })],
  ["anyOf", (size) => ({ anyOf: Array(size - 1).fill("any") })],
  ["not", (size) => ({ not: { equals: namesTo(size - 2) } })],
];

function namesTo(count: number): unknown {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`n${n}`, n]));
}

for (const [form, of] of SIZED) {
  Deno.test(`POST /jobs: a correlation of over 1,000 values is 422: ${form}`, async () => {
    const app = await startApp({ bodyBytesMax: 8 * 1024 * 1024 });
    const planFor = (correlation: unknown) => ({
      plan: {
        expected: [],
        policy: { errors: [{ eventType: "a.B", correlation }] },
      },
    });
    await jsonOf(await app.post("/jobs", planFor(of(1_000))), 202);
    // As large as a document may be: checking it must not be a defect either.
    for (const size of [1_001, 9_000]) {
      const response = await app.post("/jobs", planFor(of(size)));
      const [pointer] = pointersOf(await problemOf(response, 422, "invalid-request"));
      assert.equal(pointer, "/plan/policy/errors/0/correlation");
    }
    const response = await app.post("/jobs", planFor(of(400_000)));
    assert.deepEqual(pointersOf(await problemOf(response, 422, "invalid-request")), [""]);
  });
}

Deno.test("POST /jobs and what-if: correlations of over 10,000 values together are 422", async () => {
  const app = await startApp();
  const one = { equals: namesTo(999) };
  const planOf = (count: number) => ({
    expected: Array.from(
      { length: count },
      (_, n) => ({ id: `e${n}`, eventType: "a.B", correlation: one }),
    ),
    policy: { compensation: { succeeded: { eventType: "a.C" }, failed: { eventType: "a.D" } } },
  });
  const { jobId } = await jsonOf(await app.post("/jobs", { plan: planOf(9) }), 202);
  for (const path of ["/jobs", `/jobs/${jobId}/what-if`]) {
    const response = await app.post(path, { plan: planOf(10) });
    const problem = await problemOf(response, 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), ["/plan"]);
  }
});

Deno.test("POST /jobs and what-if: a plan with over 2,000,000 events in all is 422", async () => {
  const app = await startApp();
  const planOf = (times: number) => ({
    expected: Array.from(
      { length: 1_000 },
      (_, n) => ({ id: `e${n}`, eventType: "a.B", multiplicity: { times } }),
    ),
  });
  const { jobId } = await jsonOf(await app.post("/jobs", { plan: planOf(2_000) }), 202);
  for (const path of ["/jobs", `/jobs/${jobId}/what-if`]) {
    const problem = await problemOf(
      await app.post(path, { plan: planOf(2_001) }),
      422,
      "invalid-request",
    );
    assert.deepEqual(pointersOf(problem), ["/plan"]);
    assert.match(problem.detail, /must expect at most 2000000 events in all/);
  }
});

for (const filter of [{ state: [] }, { type: [] }, { label: [] }, { search: " " }]) {
  Deno.test(`POST /jobs/bulk: the empty filter ${JSON.stringify(filter)} is 422`, async () => {
    const app = await startApp();
    const answer = await app.post("/jobs/bulk", { action: "cancel", filter, dryRun: true });
    await problemOf(answer, 422, "invalid-request");
  });
}

Deno.test("POST /jobs and /events: an id in the form of a derived one is 422, since it could take its place", async () => {
  const app = await startApp();
  const jobId = startedJobId("test.import", "e1");
  const job = await app.post("/jobs", { jobId, plan: { expected: [] } });
  assert.deepEqual(pointersOf(await problemOf(job, 422, "invalid-request")), ["/jobId"]);
  const eventId = correlatedEventId("e1", "job_1" as JobId);
  const event = await app.post("/events", { eventType: "test.A", eventId });
  assert.deepEqual(pointersOf(await problemOf(event, 422, "invalid-request")), ["/eventId"]);
});
