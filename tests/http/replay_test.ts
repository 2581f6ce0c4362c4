/** `/jobs/:id/replay`, `diff` and `what-if`. */

import assert from "node:assert/strict";
import { timeIn } from "../support/fake_clock.ts";
import {
  createAndRun,
  createPlan,
  type JobBody,
  jsonOf,
  pointersOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";

interface Step {
  readonly logId: number;
  readonly eventType: string;
  readonly rule: string;
  readonly changed: readonly { path: string; from: unknown; to: unknown }[];
  readonly why: string;
}

interface ReplayBody {
  readonly job: JobBody;
  readonly steps: readonly Step[];
}

interface DiffBody {
  readonly from: { readonly at: string | null; readonly logId: number };
  readonly to: { readonly at: string | null; readonly logId: number };
  readonly changes: Step["changed"];
}

interface WhatIfBody extends ReplayBody {
  readonly allPastEvents: boolean;
  readonly firstDifference: {
    readonly logId: number;
    readonly actual: { state: string; condition: string; rule: string } | null;
    readonly whatIf: { state: string; condition: string; rule: string } | null;
    readonly why: string;
  } | null;
}

const SHIPPED = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };

async function replay(app: TestApp, jobId: string, query = ""): Promise<ReplayBody> {
  return await jsonOf(await app.get(`/jobs/${jobId}/replay${query}`), 200);
}

async function diff(app: TestApp, jobId: string, query: string): Promise<DiffBody> {
  return await jsonOf(await app.get(`/jobs/${jobId}/diff${query}`), 200);
}

async function whatIf(app: TestApp, jobId: string, body: unknown): Promise<WhatIfBody> {
  return await jsonOf(await app.post(`/jobs/${jobId}/what-if`, body), 200);
}

/** Created and started at 0 s, suspended at 1 s, resumed at 2 s, shipped at 3 s. */
async function playedJob(
  eventId = "parcel-7",
): Promise<{ app: TestApp; jobId: string; first: number }> {
  const app = await startApp();
  const { jobId, firstLogId } = await createPlan(app);
  for (const control of ["suspend", "resume"]) {
    await app.clock.advance(1_000);
    await app.post(`/jobs/${jobId}/${control}`);
  }
  await app.clock.advance(1_000);
  await app.post("/events", { ...SHIPPED, eventId });
  return { app, jobId, first: firstLogId };
}

Deno.test("GET /jobs/:id/replay: without a point it is the current job, with every step", async () => {
  const { app, jobId, first } = await playedJob();
  const { job, steps } = await replay(app, jobId);
  assert.deepEqual(job, await jsonOf(await app.get(`/jobs/${jobId}`), 200));
  assert.deepEqual(steps.map(({ eventType, rule }) => [eventType, rule]), [
    ["job.JobCreated", "none/created"],
    ["job.JobStarted", "created/started"],
    ["job.JobSuspended", "running/record-only"],
    ["job.JobResumed", "running/record-only"],
    ["job.EventCorrelated", "running/satisfied"],
  ]);
  assert.deepEqual(steps[2], {
    logId: first + 2,
    eventType: "job.JobSuspended",
    rule: "running/record-only",
    changed: [{ path: "condition", from: "waiting", to: "suspended" }],
    why: "The job is suspended: no attempt begins until it is resumed.",
  });
});

Deno.test("GET /jobs/:id/replay: a logId, an eventId and a time mean the same point", async () => {
  const { app, jobId, first } = await playedJob();
  const expected = await replay(app, jobId, `?at=${first + 2}`);
  assert.equal(expected.job.condition, "suspended");
  const { entries } = await jsonOf<{ entries: { eventId: string }[] }>(
    await app.get(`/jobs/${jobId}/events`),
    200,
  );
  for (
    const at of [
      entries[2]?.eventId,
      timeIn(1_000),
      timeIn(1_999),
      "2026-01-01T01:00:01.5%2B01:00",
      "2026-01-01t00:00:01z",
    ]
  ) {
    assert.deepEqual(await replay(app, jobId, `?at=${at}`), expected, at);
  }
});

Deno.test("GET /jobs/:id/replay: the id of a correlated event names its point", async () => {
  const { app, jobId } = await playedJob();
  const { job } = await replay(app, jobId, "?at=parcel-7");
  assert.equal(job.state, "Done");
  assert.equal((await replay(app, jobId, `?at=${timeIn(9_000)}`)).job.state, "Done");
});

for (const [what, eventId] of [["a position", "3"], ["a time", timeIn(1_000)]] as const) {
  Deno.test(`GET /jobs/:id/replay: event/ names an event whose id looks like ${what}`, async () => {
    const { app, jobId } = await playedJob(eventId);
    assert.equal((await replay(app, jobId, `?at=event/${eventId}`)).job.state, "Done");
    assert.equal((await replay(app, jobId, `?at=${eventId}`)).job.state, "Running");
    const { firstDifference } = await whatIf(app, jobId, { upTo: `event/${eventId}` });
    assert.equal(firstDifference, null);
  });
}

Deno.test("GET /jobs/:id/replay: for a job with code it lists what each entry changed", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.greet", { name: "Ann" });
  const { steps } = await replay(app, jobId);
  assert.deepEqual(steps.at(-1)?.changed.find(({ path }) => path === "output"), {
    path: "output",
    from: null,
    to: "hello Ann",
  });
  assert.ok(steps.some(({ why }) => why === "A fact about task greet: attempt 1 began."));
});

for (
  const [at, detail] of [
    ["1", /^is before the job's creation, entry \d+ at 2026-/],
    ["0", /^is before the job's creation/],
    ["2025-12-31T23:59:59Z", /^is before the job's creation/],
    ["999", /^is beyond the journal, which ends at entry \d+$/],
    [
      "evt_nobody",
      /^is neither a position, nor a time such as 2026-01-31T12:00:00Z, nor the id of one of this job's events$/,
    ],
    [
      "1234567890123456",
      /^is neither a position, nor a time such as 2026-01-31T12:00:00Z, nor the id of one of this job's events$/,
    ],
  ] as const
) {
  Deno.test(`GET /jobs/:id/replay: ${at} is not a point of the job, and is 422`, async () => {
    const app = await startApp();
    await createPlan(app);
    const { jobId } = await createPlan(app);
    const problem = await problemOf(
      await app.get(`/jobs/${jobId}/replay?at=${at}`),
      422,
      "unknown-point",
    );
    assert.deepEqual(problem.errors?.map(({ parameter }) => parameter), ["at"]);
    assert.match(problem.errors?.[0]?.detail ?? "", detail);
    assert.equal(
      problem.detail,
      `Cannot look back: at ${problem.errors?.[0]?.detail}; ` +
        "GET /jobs/:id/events lists the job's entries",
    );
  });
}

Deno.test("GET /jobs/:id/diff: it lists what changed from a point until now", async () => {
  const { app, jobId, first } = await playedJob();
  const { from, to, changes } = await diff(app, jobId, `?from=${first + 1}`);
  assert.deepEqual([from, to], [
    { at: String(first + 1), logId: first + 1 },
    { at: null, logId: first + 5 },
  ]);
  assert.deepEqual(changes, [
    { path: "state", from: "Running", to: "Done" },
    { path: "condition", from: "waiting", to: "succeeded" },
    { path: "endedAt", from: null, to: timeIn(3_000) },
    { path: "expected[shipped].matched", from: 0, to: 1 },
    { path: "expected[shipped].satisfied", from: false, to: true },
    { path: "expected[shipped].by[0]", from: null, to: first + 5 },
  ]);
});

Deno.test("GET /jobs/:id/diff: backwards it is the reverse, and to the same point it is empty", async () => {
  const { app, jobId, first } = await playedJob();
  const forwards = await diff(app, jobId, `?from=${timeIn(1_500)}&to=parcel-7`);
  const backwards = await diff(app, jobId, `?from=parcel-7&to=${timeIn(1_500)}`);
  assert.deepEqual([backwards.from, backwards.to], [forwards.to, forwards.from]);
  assert.deepEqual(
    backwards.changes,
    forwards.changes.map(({ path, from, to }) => ({ path, from: to, to: from })),
  );
  // The event itself is entry first + 4; the job's correlation follows.
  const same = await diff(app, jobId, `?from=${first + 3}&to=${first + 4}`);
  assert.deepEqual([same.from.logId, same.to.logId, same.changes], [first + 3, first + 3, []]);
});

Deno.test("GET /jobs/:id/diff: a point that the job does not have is 422 and named", async () => {
  const { app, jobId, first } = await playedJob();
  for (const [query, parameter] of [["?from=0", "from"], [`?from=${first}&to=0`, "to"]]) {
    const response = await app.get(`/jobs/${jobId}/diff${query}`);
    const problem = await problemOf(response, 422, "unknown-point");
    assert.deepEqual(problem.errors?.map((issue) => issue.parameter), [parameter]);
  }
});

Deno.test("POST /jobs/:id/what-if: with the right type in its plan the job would be Done", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await app.post("/events", { ...SHIPPED, jobId, attributes: { orderId: 42 } });
  const head = app.engine.headLogId;
  const now = await replay(app, jobId);
  assert.equal(
    now.steps.at(-1)?.why,
    'It matches no expectation: "shipped" fails at ' +
      'orderId: expected "42" (text), found 42 (number).',
  );
  const plan = {
    expected: [{
      id: "shipped",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId: 42 } },
    }],
  };
  const { job, steps, firstDifference, allPastEvents } = await whatIf(app, jobId, { plan });
  assert.deepEqual([job.state, job.condition, steps.length], ["Done", "succeeded", 3]);
  assert.equal(allPastEvents, true);
  assert.deepEqual(firstDifference, {
    logId: head,
    eventType: "shop.ParcelShipped",
    actual: { state: "Running", condition: "waiting", rule: "running/record-only" },
    whatIf: { state: "Done", condition: "succeeded", rule: "running/satisfied" },
    why: 'It matches expectation "shipped": 1 of 1. The plan has all it needs.',
  });
});

Deno.test("POST /jobs/:id/what-if: nothing is recorded, and the job stays as it is", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const before = await (await app.get(`/jobs/${jobId}`)).json();
  const head = app.engine.headLogId;
  const { job } = await whatIf(app, jobId, { with: [SHIPPED] });
  assert.equal(job.state, "Done");
  assert.equal(job.lastLogId, Number(`${head}.001`));
  assert.equal("links" in job, false);
  await app.clock.settle();
  assert.equal(app.engine.headLogId, head);
  assert.deepEqual(await (await app.get(`/jobs/${jobId}`)).json(), before);
});

Deno.test("POST /jobs/:id/what-if: without suppositions it equals the replay", async () => {
  const { app, jobId } = await playedJob();
  const { job, steps, firstDifference } = await whatIf(app, jobId, {});
  const now = await replay(app, jobId);
  assert.deepEqual({ ...now.job, links: undefined }, { ...job, links: undefined });
  assert.deepEqual(steps, now.steps);
  assert.equal(firstDifference, null);
});

Deno.test("POST /jobs/:id/what-if: up to a point of any kind, and events added there", async () => {
  const { app, jobId, first } = await playedJob();
  for (const upTo of [first + 2, String(first + 2), timeIn(1_000)]) {
    const { job, steps, firstDifference } = await whatIf(app, jobId, { upTo });
    assert.deepEqual([job.condition, steps.length, firstDifference], ["suspended", 3, null]);
    const added = await whatIf(app, jobId, { upTo, with: [SHIPPED] });
    assert.deepEqual([added.job.state, added.steps.at(-1)?.logId], [
      "Done",
      Number(`${first + 2}.001`),
    ]);
  }
});

const BAD_SUPPOSITIONS: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["an unknown field", { plans: {} }, ["/plans"]],
  ["no object", [], [""]],
  ["a plan without expectations", { plan: {} }, ["/plan/expected"]],
  [
    "an unknown field of a plan",
    { plan: { expected: [{ id: "a", eventType: "x.Y", matched: 1 }] } },
    ["/plan/expected/0/matched"],
  ],
  [
    "an id that comes twice",
    { plan: { expected: [{ id: "a", eventType: "x.Y" }, { id: "a", eventType: "x.Y" }] } },
    ["/plan/expected/1/id"],
  ],
  ["positions that are none", { without: [0, 1.5, "3"] }, [
    "/without/0",
    "/without/1",
    "/without/2",
  ]],
  ["entries that are not the job's", { without: [1] }, ["/without/0"]],
  [
    "events that are none",
    { with: [{ eventType: "job.JobStarted" }, { eventType: "x.Y", extra: 1 }, 7] },
    ["/with/0/eventType", "/with/1/extra", "/with/2"],
  ],
  ["an event of another job", { with: [{ eventType: "x.Y", jobId: "other" }] }, ["/with/0/jobId"]],
  [
    "events where nothing is",
    { with: [{ eventType: "x.Y", after: 1 }, { eventType: "x.Y", after: 99 }] },
    ["/with/0/after", "/with/1/after"],
  ],
  ["a place that is no position", { with: [{ eventType: "x.Y", after: 2.001 }] }, [
    "/with/0/after",
  ]],
  ["a point that is none", { upTo: "a b" }, ["/upTo"]],
  ["a point that the job does not have", { upTo: 1 }, ["/upTo"]],
  ["too many events", { with: Array(1_000).fill({ eventType: "x.Y" }) }, ["/with"]],
];

for (const [what, body, pointers] of BAD_SUPPOSITIONS) {
  Deno.test(`POST /jobs/:id/what-if: ${what} is 422 with its pointer`, async () => {
    const app = await startApp();
    await createPlan(app);
    const { jobId } = await createPlan(app);
    const response = await app.post(`/jobs/${jobId}/what-if`, body);
    assert.deepEqual(pointersOf(await problemOf(response, 422, "invalid-request")), pointers);
  });
}

Deno.test("POST /jobs/:id/what-if: the plan of a job with code leaves out main", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.parcel", { orderId: "42" });
  const main = { id: "main", eventType: "x.Y" };
  const response = await app.post(`/jobs/${jobId}/what-if`, { plan: { expected: [main] } });
  const problem = await problemOf(response, 422, "invalid-request");
  assert.deepEqual(pointersOf(problem), ["/plan/expected/0/id"]);
  const { job } = await whatIf(app, jobId, { plan: { expected: [] } });
  assert.deepEqual(job.expected.map(({ id }) => id), ["main"]);
});

Deno.test("POST /jobs/:id/what-if: it accepts only JSON, and no parameters", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const path = `/jobs/${jobId}/what-if`;
  await problemOf(
    await app.post(path, "plan", { "content-type": "text/plain" }),
    415,
    "unsupported-media-type",
  );
  await problemOf(await app.post(path, "{"), 400, "malformed-json");
  await problemOf(await app.post(`${path}?upTo=3`, {}), 422, "invalid-request");
  await problemOf(await app.get(path), 405, "method-not-allowed");
});

Deno.test("GET /jobs/:id: its links lead to its replay and its explanation", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const { links } = await jsonOf<{ links: Record<string, string> }>(
    await app.get(`/jobs/${jobId}`),
    200,
  );
  assert.deepEqual(links, {
    self: `/jobs/${jobId}`,
    events: `/jobs/${jobId}/events`,
    stream: `/jobs/${jobId}/stream`,
    explain: `/jobs/${jobId}/explain`,
    replay: `/jobs/${jobId}/replay`,
  });
});

interface Page extends ReplayBody {
  readonly nextCursor: string | null;
}

/** A job that counts events, with this many entries after its creation and its start. */
async function longJob(count: number, expectations = 1): Promise<{ app: TestApp; jobId: string }> {
  const app = await startApp();
  const expected = Array.from({ length: expectations }, (_, n) => ({
    id: `e${n}`,
    eventType: "shop.Happened",
    multiplicity: { times: expectations === 1 ? 10_000 : 1_000 },
  }));
  const { jobId } = await createPlan(app, { plan: { expected } });
  for (let done = 0; done < count; done += 500) {
    const events = Array.from(
      { length: Math.min(500, count - done) },
      (_, n) => ({ eventType: "shop.Happened", eventId: `h-${done + n}`, jobId }),
    );
    await jsonOf(await app.post("/events", events), 200);
  }
  return { app, jobId };
}

async function pages(get: (cursor: string) => Promise<Page>): Promise<readonly Page[]> {
  const all = [await get("")];
  for (let next = all[0]?.nextCursor; next; next = all.at(-1)?.nextCursor) {
    all.push(await get(next));
  }
  return all;
}

Deno.test("GET /jobs/:id/replay: a long history comes in pages, each with the job as of the point", async () => {
  const { app, jobId } = await longJob(2_500);
  const present = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  const all = await pages(async (cursor) =>
    await jsonOf<Page>(await app.get(`/jobs/${jobId}/replay${cursor && `?cursor=${cursor}`}`), 200)
  );
  assert.deepEqual(all.map(({ steps }) => steps.length), [1_000, 1_000, 502]);
  for (const { job } of all) assert.deepEqual(job, present);

  const steps = all.flatMap(({ steps }) => steps);
  assert.deepEqual(
    steps.map(({ logId }) => logId),
    Array.from({ length: 2_502 }, (_, index) => steps[0]!.logId + index),
  );
  assert.equal(steps.at(-1)?.why, 'It matches expectation "e0": 2,500 of 10,000.');

  const at = `at=h-1200&limit=700`;
  const early = await pages(async (cursor) =>
    await jsonOf<Page>(
      await app.get(`/jobs/${jobId}/replay?${at}${cursor && `&cursor=${cursor}`}`),
      200,
    )
  );
  assert.deepEqual(early.map(({ steps }) => steps.length), [700, 503]);
  assert.equal(early[1]?.steps.at(-1)?.logId, steps[1_202]?.logId);
});

Deno.test("GET /jobs/:id/replay: steps with very many changes come in smaller pages", async () => {
  const { app, jobId } = await longJob(300, 500);
  const all = await pages(async (cursor) => {
    const response = await app.get(`/jobs/${jobId}/replay${cursor && `?cursor=${cursor}`}`);
    const text = await response.clone().text();
    assert.ok(text.length < 6_000_000, `${text.length} characters`);
    return await jsonOf<Page>(response, 200);
  });
  assert.ok(all.length > 10, `${all.length} pages`);
  assert.equal(all.flatMap(({ steps }) => steps).length, 302);
});

Deno.test("POST /jobs/:id/what-if: the steps come in pages, including those between two positions", async () => {
  const { app, jobId } = await longJob(60);
  const added = { eventType: "shop.Happened", attributes: {} };
  const { firstLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  const body = { with: [10, 20].map((after) => ({ ...added, after: firstLogId + after })) };
  const whole = await jsonOf<Page>(await app.post(`/jobs/${jobId}/what-if`, body), 200);
  const all = await pages(async (cursor) =>
    await jsonOf<Page>(
      await app.post(`/jobs/${jobId}/what-if?limit=12${cursor && `&cursor=${cursor}`}`, body),
      200,
    )
  );
  assert.equal(all.length, 6);
  assert.deepEqual(all.flatMap(({ steps }) => steps), whole.steps);
  assert.ok(whole.steps.some(({ logId }) => !Number.isInteger(logId)));
  assert.equal(whole.nextCursor, null);
});

Deno.test("POST /jobs/:id/what-if: a history that is too long is refused, and an earlier part accepted", async () => {
  const { app, jobId } = await longJob(10_000);
  const problem = await problemOf(
    await app.post(`/jobs/${jobId}/what-if`, {}),
    422,
    "job-too-long",
  );
  assert.match(problem.detail, /reads at most 10000 entries of its record/);
  assert.deepEqual(pointersOf(problem), ["/upTo"]);
  const { firstLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  const part = { upTo: firstLogId + 100, without: [firstLogId + 50] };
  const { job } = await jsonOf<Page>(await app.post(`/jobs/${jobId}/what-if`, part), 200);
  assert.equal(job.expected[0]?.["matched"], 98);
});

Deno.test("GET /jobs/:id/diff: changes beyond the limit are counted", async () => {
  const { app, jobId } = await longJob(100, 300);
  const { firstLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  const answer = await jsonOf<DiffBody & { more?: number }>(
    await app.get(`/jobs/${jobId}/diff?from=${firstLogId}`),
    200,
  );
  assert.equal(answer.changes.length, 20_000);
  // State, condition and startedAt; of each expectation its count and its 100 entries.
  assert.equal(answer.changes.length + (answer.more ?? 0), 3 + 300 * 101);
});

Deno.test("cursors: one of another list, or of no position, is 422", async () => {
  const { app, jobId } = await longJob(3);
  for (const cursor of [btoa("journal:3"), btoa("steps:3.1234"), "x"]) {
    const path = `/jobs/${jobId}/replay?cursor=${encodeURIComponent(cursor)}`;
    await problemOf(await app.get(path), 422, "invalid-request");
  }
});

Deno.test("cursors: one beyond the head is 422, and names the head", async () => {
  const { app, jobId } = await longJob(3);
  const { headLogId } = app.engine;
  const lists = {
    jobs: "/jobs",
    journal: "/events",
    history: `/jobs/${jobId}/events`,
    steps: `/jobs/${jobId}/replay`,
  };
  for (const [scope, path] of Object.entries(lists)) {
    for (const accept of ["application/json", "application/x-ndjson"]) {
      const at = (logId: number) =>
        app.get(`${path}?cursor=${btoa(`${scope}:${logId}`).replace(/=+$/, "")}`, { accept });
      const known = await at(headLogId);
      await known.body?.cancel();
      assert.equal(known.status, 200, path);
      const { errors } = await problemOf(await at(headLogId + 1), 422, "invalid-request");
      const detail = `must not be beyond the head of the journal, which is ${headLogId}`;
      assert.deepEqual(errors, [{ parameter: "cursor", detail }], path);
    }
  }
});
