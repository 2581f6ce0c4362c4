/** Invalid requests to every route are refused properly, or accepted entirely. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { MemoryJournal } from "../../src/testing/memory_journal.ts";
import {
  type FuzzRequest,
  nameOfRoute,
  OWN_INPUTS,
  requests,
} from "../support/http/arbitrary_requests.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";
import { answerTo, requestOf, startWithJobs, textOf, TOKEN } from "../support/http/fuzzed_app.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { API_ROUTES, type TestApp, type TestAppOptions } from "../support/http/http_app.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { unlimited } from "../support/engine/unlimited.ts";
import { incoming } from "../support/engine/incoming.ts";

const REQUESTS_PER_RUN = 50;
const RUNS = rounds(50, 4_000, 6);
/** Further rounds follow while a route has no accepted request: the rarest has five in a round. */
const ROUNDS_MAX = 8;
/** The minimum number of requests. In the quick form chance decides how many a dozen runs send. */
const SENT_MIN = IS_QUICK ? RUNS : REQUESTS_PER_RUN * RUNS / 2;
/** The minimum number of requests that reach a limit, with small limits. */
const LIMITED_MIN = rounds(1, 1, 0);

const ROUTE_NAMES = API_ROUTES.map(nameOfRoute);

Deno.test("fuzz: every generated request is for a route of the application", () => {
  assert.deepEqual(Object.keys(OWN_INPUTS).filter((name) => !ROUTE_NAMES.includes(name)), []);
});

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

function assertProblem(response: Response, text: string, request: Request): void {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  if (request.method === "HEAD") return assert.equal(text, "");
  const { type, title, status, detail, instance, errors = [] } = JSON.parse(text);
  assert.match(type, /^\/problems\/[a-z-]+$/);
  assert.equal(status, response.status);
  for (const words of [title, detail]) assert.ok(typeof words === "string" && words !== "");
  assert.equal(instance, new URL(request.url).pathname);
  if (type === "/problems/invalid-request") assert.ok(errors.length > 0, text);
  for (const { pointer, parameter, header, detail } of errors) {
    assert.ok(typeof detail === "string" && detail !== "", text);
    const places = [pointer, parameter, header].filter((place) => place !== undefined);
    assert.ok(places.length === 1 && typeof places[0] === "string", text);
    if (pointer !== undefined) assert.match(pointer, POINTER);
  }
  if (status === 405) assert.ok(response.headers.get("allow"));
  if (status === 401) assert.ok(response.headers.get("www-authenticate"));
}

function assertNoToken(response: Response, text: string): void {
  const headers = [...response.headers].flat().join("\n");
  assert.ok(!text.includes(TOKEN) && !headers.includes(TOKEN), "the token is shown");
}

/** Whether an answer has a limit and Retry-After. */
function isAtLimit(response: Response, text: string): boolean {
  if (response.status !== 503 || !response.headers.has("retry-after")) return false;
  return text === "" || typeof JSON.parse(text).limit?.name === "string";
}

/** Sends one request, and checks the answer and what was recorded. */
async function sendChecked(app: TestApp, spec: FuzzRequest): Promise<Response> {
  await app.clock.settle(10);
  const before = app.engine.headLogId;
  const request = requestOf(app, spec);
  const response = await answerTo(app, request);
  const text = await textOf(response);
  assert.ok(response.status < 500 || isAtLimit(response, text), `${response.status} ${text}`);
  assertNoToken(response, text);
  if (response.status >= 400) assertProblem(response, text, request);
  const entries = await app.engine.entries(before, 10_000);
  if (response.status >= 400) assertRefused(text, entries);
  for (const entry of entries) assert.deepEqual(flawsOf(entry), [], JSON.stringify(entry));
  return response;
}

/** Nothing was recorded, except a refused event with a used id. */
function assertRefused(text: string, entries: readonly JobEventLogEntry[]): void {
  const types = entries.map(({ eventType }) => eventType);
  const allowed = text.includes('"/problems/event-id-reused"') ? ["journal.EventRefused"] : [];
  assert.deepEqual(types, types.length === 0 ? [] : allowed, "it was recorded");
}

/** The next start must read the record, with the same result. */
async function assertReplays({ engine, journal, clock: now }: TestApp): Promise<void> {
  for (let head = -1; head !== engine.headLogId; await now.settle()) head = engine.headLogId;
  const [clock, random] = [new FakeClock(), new FakeRandom("01K")];
  const next = new JobEngine({
    ...unlimited(),
    clock,
    random,
    definitions: DEFINITIONS,
    maxRunning: 0,
  });
  await MemoryJournal.open({ clock, random, consumer: next.consumer, content: journal.content });
  const all = { limit: 10_000 };
  assert.deepEqual(next.lists.page(all).jobs, engine.lists.page(all).jobs);
}

interface Tally {
  /** The number of accepted requests of each route. */
  readonly taken: Map<string, number>;
  refused: number;
  /** For a limit of the server. */
  limited: number;
  sent: number;
}

function newTally(): Tally {
  return { taken: new Map(), refused: 0, limited: 0, sent: 0 };
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function property(start: () => Promise<TestApp>, tally: Tally) {
  const sequence = fc.array(requests, { minLength: 1, maxLength: REQUESTS_PER_RUN, size: "max" });
  return fc.asyncProperty(sequence, async (specs) => {
    const app = await start();
    for (const spec of specs) {
      const { status } = await sendChecked(app, spec);
      tally.sent++;
      if (status >= 500) tally.limited++;
      else if (status >= 400) tally.refused++;
      else if (spec.route.startsWith(spec.method)) count(tally.taken, spec.route);
    }
    await assertReplays(app);
  });
}

Deno.test("fuzz: no answer is 5xx, problems are complete, no token is shown, and nothing invalid is on record", async () => {
  const tally: Tally = newTally();
  // There is hardly ever a pause or a changed limit to delete.
  const rareOnes = () =>
    ROUTE_NAMES.filter((route) => !route.startsWith("DELETE ") && !tally.taken.has(route));
  let rare: readonly string[] = [];
  for (let round = 0; round === 0 || rare.length > 0 && round < ROUNDS_MAX; round++) {
    await fc.assert(property(() => startWithJobs(), tally), { numRuns: 2 * RUNS });
    rare = IS_QUICK ? [] : rareOnes();
  }
  console.log(`fuzz: ${tally.sent} requests, ${tally.refused} refused`);
  assert.ok(tally.sent >= SENT_MIN, `only ${tally.sent} requests`);
  assert.equal(tally.limited, 0);
  assert.deepEqual(rare, [], "all requests to these are refused");
});

/** Limits so small that many requests are refused. */
const TIGHT: TestAppOptions = {
  limits: { jobsMax: 6, queuedMax: 1 },
  streamsMax: 0,
  waitingMax: 0,
  eventsMax: 2,
};

Deno.test("fuzz: at its limits a server answers 503 that names them, and records nothing", async () => {
  const tally = newTally();
  await fc.assert(property(() => startWithJobs(TIGHT), tally), { numRuns: rounds(38, 2_000, 3) });
  console.log(`fuzz: at its limits ${tally.limited} of ${tally.sent} requests`);
  assert.ok(tally.limited >= LIMITED_MIN);
});

/** Careless routes, each of which the fuzz must catch. */
const CARELESS: Readonly<Record<string, (app: TestApp) => void>> = {
  "throws on some input": ({ engine: { lists } }) => {
    const { summaries } = lists;
    lists.summaries = (query) =>
      query.types !== undefined ? summaries(null as never) : summaries.call(lists, query);
  },
  "records before it refuses": ({ engine }) => {
    const { control } = engine;
    engine.control = async (jobId, request) => {
      await engine.deliver([incoming("a.B")]);
      return await control.call(engine, jobId, request);
    };
  },
  "records what has no form": ({ engine }) => {
    const { deliver } = engine;
    engine.deliver = (events) =>
      deliver.call(engine, events.map((event) => ({ ...event, traceId: "\r\n" as never })));
  },
};

for (const [name, spoil] of Object.entries(CARELESS)) {
  Deno.test(`fuzz: an engine that ${name} is caught`, async () => {
    const start = async () => {
      const app = await startWithJobs();
      spoil(app);
      return app;
    };
    const tally: Tally = newTally();
    const options = { numRuns: Math.max(RUNS, 1_000), endOnFailure: true };
    const outcome = await fc.check(property(start, tally), options);
    assert.ok(outcome.failed, "it was not caught");
    console.log(`fuzz: caught after ${tally.sent} requests`);
  });
}

Deno.test("fuzz: a server that shows its token, or whose problems lack a part, is caught", async () => {
  const app = await startWithJobs();
  const spec = {
    route: "GET /",
    method: "GET",
    path: "/",
    query: "",
    headers: [],
    body: undefined,
  };
  const answering = (make: () => Response): TestApp => {
    const spoilt = createApp({ engine: app.engine, clock: app.clock });
    spoilt.fetch = make;
    return { ...app, app: spoilt };
  };
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
  const lacking = JSON.stringify({ type: "/problems/x", title: "x", status: 404, instance: "/" });
  for (
    const make of [
      () => new Response(`Bearer ${TOKEN}`),
      () => new Response(lacking, { status: 404, headers }),
      () => new Response("oops", { status: 500 }),
    ]
  ) {
    await assert.rejects(sendChecked(answering(make), spec), assert.AssertionError);
  }
});

const ID = /^[A-Za-z0-9._:~-]{1,128}$/;
const EVENT_TYPE = /^(?=.{1,200}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype"];
/** Input has at most 64 levels, and is wrapped in some more. */
const DEPTH_MAX = 70;

/** What is wrong with an entry; `undefined` if nothing is. */
export function flawsOf(entry: JobEventLogEntry): readonly string[] {
  const flaws = [...flawsIn(entry.attributes, 0)];
  const { eventId, jobId, taskId, executionId, traceId, spanId } = entry;
  for (
    const [name, id] of Object.entries({ eventId, jobId, taskId, executionId, traceId, spanId })
  ) {
    if (id !== undefined && (!ID.test(id) || id === "." || id === "..")) {
      flaws.push(
        `${name} ${id}`,
      );
    }
  }
  if (!EVENT_TYPE.test(entry.eventType)) flaws.push(`type ${entry.eventType}`);
  if (/^(?:job|journal)\./.test(entry.eventType) !== (entry.stratum === "framework")) {
    flaws.push(`${entry.eventType} in stratum ${entry.stratum}`);
  }
  for (const time of [entry.occurredAt, entry.receivedAt]) {
    if (!/^\d{4}-\d\d-\d\d[Tt].*[Zz]$/.test(time) || Number.isNaN(Date.parse(time))) {
      flaws.push(`time ${time}`);
    }
  }
  if (entry.eventType === "job.JobCreated") flaws.push(...labelFlaws(entry.attributes));
  return flaws;
}

function labelFlaws(attributes: object): readonly string[] {
  const { labels = {}, priority = 0 } = attributes as { labels?: object; priority?: unknown };
  // deno-lint-ignore no-control-regex -- it searches control characters.
  const controls = /[\u0000-\u001f\u007f]/;
  const flaws = Object.entries(labels).flat().filter((text) =>
    typeof text !== "string" || text.length > 256 || controls.test(text)
  );
  return Number.isSafeInteger(priority) ? flaws : [...flaws, `priority ${priority}`];
}

function* flawsIn(value: unknown, depth: number): Generator<string> {
  if (depth > DEPTH_MAX) yield "too deep";
  else if (typeof value === "string" && !value.isWellFormed()) yield `half a pair in ${value}`;
  else if (typeof value === "number" && !Number.isFinite(value)) yield `number ${value}`;
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (FORBIDDEN_KEYS.includes(key)) yield `key ${key}`;
      if (!key.isWellFormed()) yield `half a pair in the key ${key}`;
      yield* flawsIn(member, depth + 1);
    }
  } else if (!["string", "number", "boolean", "object"].includes(typeof value)) {
    yield `a value of type ${typeof value}`;
  }
}
