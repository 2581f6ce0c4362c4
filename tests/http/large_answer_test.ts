/** Answers that are too large to be built in one go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Gauge } from "../../src/http/capacity/limits.ts";
import { type LargeAnswerDeps, largeJsonResponse } from "../../src/http/answers/large_answer.ts";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { jsonChunks } from "../../src/core/json_text.ts";
import { Timeouts } from "../../src/http/stream/turns.ts";
import type { Outlet } from "../../src/http/stream/outlets.ts";
import { AdmissionGate } from "../../src/http/capacity/admission_gate.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { createPlan, jsonOf, startApp, type TestApp } from "../support/http/http_app.ts";

const STALL_MS = 1_000;

function startEdge(lookBackBytesMax = 10_000_000) {
  const clock = new FakeClock();
  const stalls = new Timeouts<Pick<Outlet, "stall">>(clock, STALL_MS, (one) => one.stall());
  const lookBack = new Gauge("lookBackBytesMax", lookBackBytesMax);
  const edge: LargeAnswerDeps = {
    lookBack,
    admission: new AdmissionGate(clock),
    outlets: { stalls },
  };
  return { edge, clock, lookBack };
}

Deno.test("large answer: its text equals that of JSON.stringify", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(30), (value, copies) => {
    const large = {
      left: undefined,
      value,
      copies: Array.from({ length: copies }, () => ({ value, text: "x".repeat(2_000) })),
      numbers: Array.from({ length: copies * 1_000 }, (_, index) => index),
      mixed: [1, 2, { text: "y".repeat(20_000), none: undefined }, 3, null, 4, [], {}],
    };
    assert.equal([...jsonChunks(large)].join(""), JSON.stringify(large));
  }));
});

Deno.test("large answer: a small one has a length, a large one comes in chunks", async () => {
  const { edge, lookBack } = startEdge();
  const small = largeJsonResponse(edge, { a: [1, 2, 3] }, 200, { etag: '"1"' });
  assert.equal(await small.text(), '{"a":[1,2,3]}');
  assert.equal(small.headers.get("etag"), '"1"');

  const by = Array.from({ length: 1_000_000 }, (_, index) => index);
  const large = largeJsonResponse(edge, { expected: Array(3).fill({ by }) }, 200, { etag: '"2"' });
  assert.equal(large.headers.get("etag"), '"2"');
  assert.equal(large.headers.get("content-type"), "application/json");
  let longest = 0;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of large.body ?? []) {
    longest = Math.max(longest, chunk.length);
    text += decoder.decode(chunk, { stream: true });
  }
  assert.ok(longest < 200_000, `${longest} bytes in a chunk`);
  assert.deepEqual(JSON.parse(text), { expected: Array(3).fill({ by }) });
  assert.equal(lookBack.open, 0);
});

Deno.test("large answer: chunks that are not read are not built", async () => {
  let made = 0;
  const item = { toJSON: () => (made++, "x".repeat(10_000)), size: "y".repeat(10_000) };
  const { edge, lookBack } = startEdge();
  const { body } = largeJsonResponse(edge, Array(1_000).fill(item), 200);
  assert.equal(lookBack.open, 0);
  const reader = body?.getReader();
  await reader?.read();
  assert.ok(made < 50, `${made} items were made`);
  assert.ok(lookBack.open > 0);
  await reader?.cancel();
  assert.equal(lookBack.open, 0);
});

const LARGE = Array(1_000).fill("x".repeat(1_000));

Deno.test("large answer: one that its reader does not take is dropped after the time limit", async () => {
  const { edge, clock, lookBack } = startEdge();
  const reader = largeJsonResponse(edge, LARGE, 200).body?.getReader();
  await reader?.read();
  assert.ok(lookBack.open > 0);
  await clock.advance(STALL_MS);
  assert.equal(lookBack.open, 0);
  await assert.rejects(async () => await reader?.read(), /does not read/);
});

Deno.test("large answer: a single one always has room, and another beyond the limit is refused", async () => {
  const { edge } = startEdge(1);
  const { body } = largeJsonResponse(edge, LARGE, 200);
  const reader = body?.getReader();
  await reader?.read();
  assert.throws(() => largeJsonResponse(edge, LARGE, 200), /history reads and large answers/);
  await reader?.cancel();
  await largeJsonResponse(edge, LARGE, 200).body?.cancel();
});

interface Listed {
  readonly jobs: readonly { readonly jobId: string }[];
  readonly entries: readonly { readonly logId: number }[];
  readonly nextCursor: string | null;
}

/** All pages of a list, and the characters of the longest. */
async function pagesOf(app: TestApp, path: string): Promise<{ pages: Listed[]; longest: number }> {
  const pages: Listed[] = [];
  let longest = 0;
  for (let next: string | null = ""; next !== null;) {
    const cursor = next === "" ? "" : `&cursor=${next}`;
    const text = await (await app.get(path + cursor)).text();
    longest = Math.max(longest, text.length);
    pages.push(JSON.parse(text));
    next = pages.at(-1)?.nextCursor ?? null;
  }
  return { pages, longest };
}

Deno.test("GET /jobs: a page of very large jobs has fewer of them, and the next page continues", async () => {
  const app = await startApp();
  const expected = Array.from({ length: 1_000 }, (_, n) => ({ id: `e${n}`, eventType: "a.B" }));
  for (let job = 0; job < 60; job++) await createPlan(app, { plan: { expected } });
  const { pages, longest } = await pagesOf(app, "/jobs?view=full&limit=50");
  const ids = pages.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId));
  assert.equal(new Set(ids).size, 60);
  assert.ok(
    pages.length > 2 && longest < 6_000_000,
    `${pages.length} pages, ${longest} characters`,
  );
});

Deno.test("GET /jobs: of a page of very large jobs, a part is read at a time, and the page is the same", async () => {
  const app = await startApp();
  const labels = { text: "x".repeat(200) };
  const expected = Array.from({ length: 100 }, (_, n) => ({ id: `e${n}`, eventType: "a.B" }));
  for (let job = 0; job < 200; job++) await createPlan(app, { plan: { expected }, labels });
  const { page } = JobLists.prototype;
  const parts: number[] = [];
  JobLists.prototype.page = function (query) {
    const found = page.call(this, query);
    parts.push(found.jobs.length);
    return found;
  };
  try {
    const { pages } = await pagesOf(app, "/jobs?view=full&limit=50");
    assert.deepEqual(pages.map(({ jobs }) => jobs.length), [50, 50, 50, 50]);
  } finally {
    JobLists.prototype.page = page;
  }
  assert.equal(parts.reduce((sum, jobs) => sum + jobs), 200);
  assert.ok(Math.max(...parts) < 40, `${parts} jobs at a time`);
});

Deno.test("GET /events: a page of very large entries has fewer of them, and the next page continues", async () => {
  const app = await startApp();
  const attributes = { text: "x".repeat(500_000) };
  for (let event = 0; event < 30; event++) {
    await jsonOf(await app.post("/events", { eventType: "a.B", attributes }), 200);
  }
  const { pages, longest } = await pagesOf(app, "/events?limit=1000&eventType=a.B");
  const logIds = pages.flatMap(({ entries }) => entries.map(({ logId }) => logId));
  assert.equal(new Set(logIds).size, 30);
  assert.ok(
    pages.length >= 3 && longest < 6_000_000,
    `${pages.length} pages, ${longest} characters`,
  );
});

Deno.test("GET /jobs/:id: very many tasks and matches are sent in chunks", async () => {
  const app = await startApp();
  const expected = Array.from({ length: 500 }, (_, n) => ({
    id: `e${n}`,
    eventType: "a.B",
    multiplicity: { times: 1_000 },
  }));
  const { jobId } = await createPlan(app, { plan: { expected } });
  const events = Array.from({ length: 500 }, () => ({ eventType: "a.B" }));
  await jsonOf(await app.post("/events", events), 200);
  const response = await app.get(`/jobs/${jobId}`);
  assert.ok(response.headers.get("etag"));
  let chunks = 0;
  for await (const chunk of response.clone().body ?? []) chunks += chunk.length > 0 ? 1 : 0;
  assert.ok(chunks > 10, `${chunks} chunks`);
  const job = await jsonOf(response, 200);
  assert.deepEqual(job.expected.map(({ matched }) => matched), Array(500).fill(500));
});
