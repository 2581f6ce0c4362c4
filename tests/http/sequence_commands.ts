/** Sequences of client requests, and their expected results. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type JobBody, jsonOf, problemOf, type TestApp } from "../support/http/http_app.ts";
import { open } from "../support/http/http_stream.ts";
import { allowedStates, type ModelJob, type SequenceModel } from "./sequence_model.ts";

type Command = fc.AsyncCommand<SequenceModel, TestApp>;
type Run = (model: SequenceModel, app: TestApp) => Promise<void>;

const TYPE = "shop.ParcelShipped";

function command(name: string, run: Run): Command {
  return {
    check: () => true,
    toString: () => name,
    async run(model, app) {
      await run(model, app);
      await app.clock.settle(5);
    },
  };
}

/** A command for some job; it does nothing if there is none yet. */
function ofJob(
  name: string,
  index: number,
  run: (job: ModelJob, ...rest: Parameters<Run>) => Promise<void>,
) {
  return command(`${name} job ${index}`, async (model, app) => {
    const job = model.job(index);
    if (job !== undefined) await run(job, model, app);
  });
}

/** Checks the job that an answer shows against the model. */
function assertJob(shown: JobBody, job: ModelJob): void {
  const [expected] = shown.expected;
  assert.deepEqual(
    {
      jobId: shown.jobId,
      state: shown.state,
      matched: expected?.matched,
      label: shown.labels.team,
    },
    { jobId: job.jobId, state: job.state, matched: job.matched, label: job.label },
  );
  const isSuspended = shown.condition === "suspended";
  if (job.state === "Running") assert.equal(isSuspended, job.suspended);
}

interface Creation {
  readonly order: string;
  readonly label: string;
  readonly required: number;
  readonly start: "now" | "later" | "never";
  readonly key: string | undefined;
}

const START_DELAY_MS = 300_000;

function bodyOf({ order, label, required, start }: Creation, nowMs: number): object {
  const expected = [{
    id: "shipped",
    eventType: TYPE,
    correlation: { equals: { orderId: order } },
    multiplicity: { times: required },
  }];
  const startAt = new Date(nowMs + START_DELAY_MS).toISOString();
  return {
    plan: { expected },
    labels: { team: label },
    ...(start === "later" ? { startAt } : start === "never" ? { start: false } : {}),
  };
}

function create(creation: Creation): Command {
  return command(`create ${JSON.stringify(creation)}`, async (model, app) => {
    const body = bodyOf(creation, app.clock.now());
    const { key } = creation;
    const before = app.engine.headLogId;
    const response = await app.post(
      "/jobs",
      body,
      key === undefined ? {} : { "idempotency-key": key },
    );
    const kept = key === undefined ? undefined : model.keys.get(key);
    if (kept !== undefined && kept.body !== JSON.stringify(body)) {
      await problemOf(response, 422, "idempotency-key-reused");
    } else if (kept !== undefined) {
      assert.equal(response.headers.get("idempotency-replayed"), "true");
      assert.equal((await jsonOf(response, 202)).jobId, kept.jobId);
    } else {
      await addCreated(creation, body, await jsonOf(response, 202), model);
    }
    if (kept !== undefined) assert.equal(app.engine.headLogId, before, "it was created again");
  });
}

function addCreated(creation: Creation, body: object, shown: JobBody, model: SequenceModel) {
  const { order, label, required, start, key } = creation;
  const delay = start === "later" ? START_DELAY_MS : undefined;
  const job = model.add({ jobId: shown.jobId, order, label, required }, delay);
  if (start === "now") model.start(job);
  if (key !== undefined) model.keys.set(key, { body: JSON.stringify(body), jobId: job.jobId });
  assertJob(shown, job);
}

interface ReceiptBody {
  readonly disposition: string;
  readonly jobs: readonly { readonly jobId: string; readonly state: string }[];
}

async function receiptOf(response: Response): Promise<ReceiptBody> {
  const { receipts } = await jsonOf<{ receipts: readonly ReceiptBody[] }>(response, 200);
  return receipts[0] ?? assert.fail("there is no receipt");
}

function ship(order: string, eventId: string): Command {
  return command(`ship order ${order} as ${eventId}`, async (model, app) => {
    const event = { eventType: TYPE, eventId, attributes: { orderId: order } };
    const before = model.orders.get(eventId);
    const response = await app.post("/events", event);
    if (before !== undefined && before !== order) {
      return void await problemOf(response, 409, "event-id-reused");
    }
    const { disposition, jobs } = await receiptOf(response);
    if (before !== undefined) return assert.equal(disposition, "duplicate");
    model.orders.set(eventId, order);
    const counted = model.ship(order);
    assert.equal(disposition, counted.length === 0 ? "recorded" : "matched");
    assert.deepEqual(
      jobs.map(({ jobId, state }) => `${jobId} ${state}`).toSorted(),
      counted.map(({ jobId, state }) => `${jobId} ${state}`).toSorted(),
    );
  });
}

function shipTo(index: number, order: string): Command {
  return ofJob(`ship order ${order} to`, index, async (job, model, app) => {
    const event = { eventType: TYPE, jobId: job.jobId, attributes: { orderId: order } };
    const { disposition } = await receiptOf(await app.post("/events", event));
    assert.equal(disposition, model.shipTo(job, order) ? "matched" : "recorded");
  });
}

function control(kind: "start" | "cancel" | "suspend" | "resume", index: number): Command {
  return ofJob(kind, index, async (job, model, app) => {
    const before = app.engine.headLogId;
    const response = await app.post(`/jobs/${job.jobId}/${kind}`);
    const allowedIn = model.control(job, kind);
    if (allowedIn === undefined) return assertJob(await jsonOf(response, 200), job);
    const problem = await problemOf(response, 409, "not-in-this-state");
    assert.deepEqual(problem.allowedIn, allowedIn);
    assert.equal(app.engine.headLogId, before, "a refused control is on record");
  });
}

function retry(index: number): Command {
  return ofJob("retry", index, async (job, model, app) => {
    const response = await app.post(`/jobs/${job.jobId}/retry`, { again: true });
    if (job.state !== "Failed") {
      const problem = await problemOf(response, 409, "not-in-this-state");
      return assert.deepEqual(problem.allowedIn, allowedStates("retry"));
    }
    const shown = await jsonOf(response, 201);
    assert.equal(shown.retryOf, job.jobId);
    assertJob(shown, model.retry(job, shown.jobId) ?? assert.fail());
  });
}

function look(index: number): Command {
  return ofJob("look at", index, async (job, model, app) => {
    const seen = model.tags.get(job.jobId);
    const headers = seen === undefined ? {} : { "if-none-match": seen.tag };
    const response = await app.get(`/jobs/${job.jobId}`, headers);
    const tag = response.headers.get("etag") ?? "";
    if (seen?.entries === job.entries) {
      assert.equal(response.status, 304);
      return assert.equal(tag, seen.tag);
    }
    assert.notEqual(tag, seen?.tag);
    assertJob(await jsonOf(response, 200), job);
    model.tags.set(job.jobId, { tag, entries: job.entries });
  });
}

function history(index: number): Command {
  return ofJob("read the entries of", index, async (job, _model, app) => {
    const path = `/jobs/${job.jobId}/events`;
    const entries = await pages<{ logId: number }>(app, path, "limit=2", "entries");
    const logIds = entries.map(({ logId }) => logId);
    assert.equal(entries.length, job.entries, "entries of the job");
    assert.deepEqual(logIds, [...new Set(logIds)].toSorted((left, right) => left - right));
  });
}

/** Checks the summary of a job in a list. */
function assertSummary({ jobId, state, labels }: JobBody, job: ModelJob): void {
  assert.deepEqual([jobId, state, labels.team], [job.jobId, job.state, job.label]);
}

function list(
  state: string | undefined,
  label: string | undefined,
  limit: number,
  view: "summary" | "full",
): Command {
  const query = [
    `limit=${limit}`,
    ...(view === "full" ? ["view=full"] : []),
    ...(state === undefined ? [] : [`state=${state}`]),
    ...(label === undefined ? [] : [`label=team:${label}`]),
  ].join("&");
  return command(`list ${query}`, async (model, app) => {
    const wanted = model.jobs.filter((job) =>
      (state === undefined || job.state === state) && (label === undefined || job.label === label)
    );
    // A job created while pages are read is newer than all jobs on later pages.
    const between = () =>
      create({ order: "9", label: "z", required: 1, start: "never", key: undefined }).run(
        model,
        app,
      );
    const jobs = await pages<JobBody>(app, "/jobs", query, "jobs", between);
    assert.deepEqual(jobs.map(({ jobId }) => jobId), wanted.map(({ jobId }) => jobId).toReversed());
    const assertShown = view === "full" ? assertJob : assertSummary;
    jobs.forEach((shown, index) => assertShown(shown, wanted.at(-1 - index) as ModelJob));
  });
}

function follow(way: "after" | "last-event-id"): Command {
  return command(`follow the stream by ${way}`, async (model, app) => {
    const { headLogId } = app.engine;
    const at = String(model.streamed);
    const reader = way === "after"
      ? await open(app, `/stream?after=${at}`)
      : await open(app, "/stream?after=0", { "last-event-id": at });
    const all = reader.entries(headLogId - model.streamed);
    const entries = await Promise.race([all.catch(() => undefined), app.clock.settle(60)]);
    await reader.leave();
    assert.ok(entries, `not all entries came from ${at} to ${headLogId}`);
    const first = model.streamed + 1;
    assert.deepEqual(
      entries.map(({ logId }) => logId),
      Array.from({ length: headLogId - model.streamed }, (_, index) => first + index),
    );
    model.streamed = headLogId;
  });
}

function pass(minutes: number): Command {
  return command(`${minutes} minutes pass`, async (model, app) => {
    await app.clock.advance(minutes * 60_000);
    model.pass(minutes * 60_000);
  });
}

const orders = fc.constantFrom("1", "2");
const teams = fc.constantFrom("a", "b");
const jobs = fc.nat(7);

const creations = fc.record({
  order: orders,
  label: teams,
  required: fc.integer({ min: 1, max: 2 }),
  start: fc.constantFrom<Creation["start"]>("now", "now", "now", "later", "never"),
  key: fc.constantFrom(undefined, undefined, "k1", "k2"),
});

/** Each kind of client request. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  creations.map(create),
  creations.map((creation) =>
    create({ ...creation, label: "a", required: 1, order: "1", start: "now" })
  ),
  fc.tuple(orders, fc.integer({ min: 1, max: 9 }).map((n) => `e${n}`)).map(([o, id]) =>
    ship(o, id)
  ),
  fc.tuple(jobs, orders).map(([index, order]) => shipTo(index, order)),
  fc.tuple(fc.constantFrom("start", "cancel", "suspend", "resume"), jobs)
    .map(([kind, index]) => control(kind, index)),
  jobs.map(retry),
  jobs.map(look),
  jobs.map(history),
  fc.tuple(
    fc.constantFrom(undefined, "Created", "Running", "Done", "Failed"),
    fc.constantFrom(undefined, "a", "b"),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom("summary" as const, "full" as const),
  ).map((choice) => list(...choice)),
  fc.constantFrom("after", "last-event-id").map(follow),
  fc.integer({ min: 1, max: 6 }).map(pass),
];

/** Checks that the server and the model agree on every job in the end. */
export async function assertAgreement(model: SequenceModel, app: TestApp): Promise<void> {
  const shown = await pages<JobBody>(app, "/jobs", "view=full&limit=50", "jobs");
  assert.deepEqual(
    shown.map(({ jobId }) => jobId),
    model.jobs.map(({ jobId }) => jobId).toReversed(),
  );
  shown.forEach((job, index) => assertJob(job, model.jobs.at(-1 - index) as ModelJob));
  for (const { jobId, entries } of model.jobs) {
    const recorded = await app.engine.history.of(jobId as never, 0, 1_000);
    assert.equal(recorded.length, entries, `entries of job ${jobId}`);
  }
}

/** All items of a list, page by page; `between` happens after the first. */
export async function pages<Item>(
  app: TestApp,
  path: string,
  query: string,
  name: string,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor = "";
  for (let page = 0; page < 1_000; page++) {
    const body = await jsonOf<Record<string, unknown>>(
      await app.get(`${path}?${query}${cursor}`),
      200,
    );
    items.push(...body[name] as Item[]);
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
    if (page === 0) await between();
  }
  return assert.fail(`${path} has no end`);
}
