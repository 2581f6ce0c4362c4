/** `POST /jobs/bulk` and `GET /failures`: requests and answers. */

import assert from "node:assert/strict";
import * as v from "valibot";
import {
  BULK_MAX,
  type BulkRequest,
  previewBulk,
  runBulk,
} from "../../src/http/routes/bulk_action.ts";
import type { Size } from "../../src/http/capacity/admission_gate.ts";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import {
  conditionOf,
  createAndRun,
  createPlan,
  jsonOf,
  pointersOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import type { JobId } from "../../src/core/ids.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";

interface Preview {
  readonly upTo: number;
  readonly jobs: number;
  readonly byCondition: readonly { readonly condition: string; readonly jobs: number }[];
  readonly sample: readonly { readonly jobId: string }[];
  readonly retried: number;
  readonly byHand: number;
}

interface Answer {
  readonly upTo: number;
  readonly done: readonly { readonly jobId: string; readonly newJobId?: string }[];
  readonly refused: readonly { readonly reason: string; readonly jobIds: readonly string[] }[];
  readonly stopped?: { readonly type: string };
  readonly left: { readonly jobs: number };
  readonly next: number | null;
}

async function bulk(app: TestApp, body: object): Promise<Answer> {
  return await jsonOf<Answer>(await app.post("/jobs/bulk", body), 200);
}

async function preview(app: TestApp, body: object): Promise<Preview> {
  return await jsonOf<Preview>(await app.post("/jobs/bulk", { ...body, dryRun: true }), 200);
}

Deno.test("POST /jobs/bulk: dryRun counts, records nothing, and returns upTo to fix the selection", async () => {
  const app = await startApp();
  for (const jobId of ["a", "b"]) await createPlan(app, { jobId, labels: { shop: "berlin" } });
  await createPlan(app, { jobId: "other" });
  const { headLogId } = app.engine;
  const request = { action: "cancel", filter: { label: ["shop:berlin"] } };
  const counted = await preview(app, request);
  assert.deepEqual(
    [counted.upTo, counted.jobs, counted.byCondition, counted.sample.map(({ jobId }) => jobId)],
    [headLogId, 2, [{ condition: "waiting", jobs: 2 }], ["b", "a"]],
  );
  assert.equal(app.engine.headLogId, headLogId);
  await createPlan(app, { jobId: "late", labels: { shop: "berlin" } });
  const { done, refused, left, next } = await bulk(app, { ...request, upTo: counted.upTo });
  assert.deepEqual(done.map(({ jobId }) => jobId).toSorted(), ["a", "b"]);
  assert.deepEqual([refused, left, next], [[], { jobs: 0 }, null]);
  const all = await Promise.all(["a", "b", "other", "late"].map((id) => conditionOf(app, id)));
  assert.deepEqual(all, ["cancelled", "cancelled", "waiting", "waiting"]);
});

Deno.test("POST /jobs/bulk: the reason and the actor are recorded with each", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a" });
  await bulk(app, { action: "suspend", filter: {}, reason: "lunch" });
  const [entry] = await app.engine.history.back("a" as never, Infinity, 1);
  assert.deepEqual([entry?.eventType, entry?.attributes], ["job.JobSuspended", {
    reason: "lunch",
  }]);
});

Deno.test("POST /jobs/bulk: with a limit, the same request continues where the answer says", async () => {
  const app = await startApp();
  for (const jobId of ["a", "b", "c"]) await createPlan(app, { jobId });
  const request = { action: "cancel", filter: {}, limit: 2 };
  const first = await bulk(app, request);
  assert.deepEqual(first.done.map(({ jobId }) => jobId).toSorted(), ["b", "c"]);
  assert.deepEqual([first.left.jobs, first.next === null], [1, false]);
  const rest = await bulk(app, { ...request, upTo: first.upTo, before: first.next });
  assert.deepEqual([rest.done, rest.left.jobs, rest.next], [[{ jobId: "a" }], 0, null]);
});

Deno.test("POST /jobs/bulk: a retry of one kind of failure names the new jobs, and is done once", async () => {
  const app = await startApp();
  const failed = [await createAndRun(app, "test.doomed"), await createAndRun(app, "test.doomed")];
  const fingerprint = failed[0]?.failure?.["fingerprint"];
  const request = { action: "retry", filter: { fingerprint }, upTo: app.engine.headLogId };
  const { done } = await bulk(app, request);
  assert.deepEqual(
    done.map(({ jobId }) => jobId).toSorted(),
    failed.map(({ jobId }) => jobId).toSorted(),
  );
  for (const { jobId, newJobId = "" } of done) {
    assert.equal((await jsonOf(await app.get(`/jobs/${newJobId}`), 200)).retryOf, jobId);
  }
  await app.clock.settle();
  assert.deepEqual((await bulk(app, request)).done, []);
  assert.equal((await preview(app, request)).retried, 2);
});

Deno.test("POST /jobs/bulk: refused jobs are listed with the reason", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a" });
  const jobId = "stuck";
  await app.post("/jobs", { type: "test.stuck", jobId });
  await app.clock.settle();
  await app.post(`/jobs/${jobId}/suspend`);
  const { done, refused } = await bulk(app, { action: "cancel", filter: {} });
  assert.deepEqual(done, [{ jobId: "a" }]);
  assert.deepEqual(refused, [{ reason: "state is Compensating", jobIds: [jobId] }]);
});

Deno.test("POST /jobs/bulk: on a full disk it is 507 if nothing was done, otherwise it lists what was done", async () => {
  const app = await startApp();
  for (let index = 0; index < 100; index++) await createPlan(app);
  app.journal.failNext(new JournalFullError("no room"));
  await problemOf(await app.post("/jobs/bulk", { action: "cancel", filter: {} }), 507, "disk-full");
  assert.equal((await bulk(app, { action: "cancel", filter: {} })).done.length, 100);
});

const WRONG: readonly (readonly [string, object, string])[] = [
  ["no action", { filter: {} }, "/action"],
  ["an unknown action", { action: "delete", filter: {} }, "/action"],
  ["no filter", { action: "cancel" }, "/filter"],
  ["an unknown state", { action: "cancel", filter: { state: ["x"] } }, "/filter/state/0"],
  ["a state that is no array", { action: "cancel", filter: { state: "Done" } }, "/filter/state"],
  ["a label without a value", { action: "cancel", filter: { label: ["x"] } }, "/filter/label/0"],
  ["an unknown filter", { action: "cancel", filter: { colour: "x" } }, "/filter/colour"],
  ["too high a limit", { action: "cancel", filter: {}, limit: BULK_MAX + 1 }, "/limit"],
  ["a position that is none", { action: "cancel", filter: {}, upTo: -1 }, "/upTo"],
  ["a position beyond the head", { action: "cancel", filter: {}, upTo: 999 }, "/upTo"],
];

for (const [what, body, pointer] of WRONG) {
  Deno.test(`POST /jobs/bulk: ${what} is 422 with a pointer`, async () => {
    const app = await startApp();
    await createPlan(app, { jobId: "a" });
    const problem = await problemOf(await app.post("/jobs/bulk", body), 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), [pointer]);
    assert.equal(await conditionOf(app, "a"), "waiting");
  });
}

interface Failures {
  readonly failures: readonly {
    readonly fingerprint: string;
    readonly type: string | null;
    readonly taskId: string | null;
    readonly error: { readonly message: string };
    readonly jobs: number;
    readonly retried: number;
    readonly open: number;
    readonly newest: { readonly jobId: string };
  }[];
  readonly more: number;
  readonly summary: string;
}

async function failures(app: TestApp, query = ""): Promise<Failures> {
  return await jsonOf<Failures>(await app.get(`/failures${query}`), 200);
}

Deno.test("GET /failures: failures not yet retried are listed by kind, the most frequent first", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, {
    plan: { expected: [{ id: "x", eventType: "a.B" }], policy: { errors: [{ eventType: "a.C" }] } },
  });
  await app.post("/events", { eventType: "a.C", jobId, attributes: {} });
  const doomed = [await createAndRun(app, "test.doomed"), await createAndRun(app, "test.doomed")];
  const { failures: [first, second], more } = await failures(app);
  assert.deepEqual(
    [first?.type, first?.taskId, first?.error.message, first?.jobs, first?.open],
    ["test.doomed", "charge", "the card is stolen", 2, 2],
  );
  assert.equal(first?.newest.jobId, doomed[1]?.jobId);
  assert.deepEqual([second?.type, second?.open, more], [null, 1, 0]);
  assert.deepEqual((await failures(app, "?limit=1")).more, 1);
  assert.equal((await failures(app, "?type=test.doomed")).failures.length, 1);
});

Deno.test("GET /failures: the summary names the error that most jobs failed with, in all types, and what sets them apart", async () => {
  const down = (type: string) =>
    defineJob({
      type,
      version: 1,
      input: v.object({ host: v.string() }),
      run: (ctx, { host }) =>
        ctx.task("call", () => {
          if (host === "b") throw new NonRetryableError(`503 of http://erp.internal/${type}/7`);
          return host;
        }),
    });
  const app = await startApp({ definitions: [down("stock.sync"), down("price.sync")] });
  const summary = async () => (await failures(app)).summary;
  assert.equal(await summary(), "No failure is left to retry.");
  for (const host of "aaaaaaaaaabbb") await createAndRun(app, "stock.sync", { host });
  assert.match(await summary(), /^3 jobs of stock\.sync failed with NonRetryableError: /);
  await createAndRun(app, "price.sync", { host: "b" });
  assert.match(
    await summary(),
    /^4 jobs of stock\.sync \(3\) and price\.sync \(1\) failed with NonRetryableError: 503 of http:\/\/erp\.internal\/stock\.sync\/7, the last at .*Z\. All 3 jobs that failed like this have input\.host = "b"; none of the 10 that went through has\.$/,
  );
});

Deno.test("GET /failures: a kind whose jobs were all retried is listed only with retried=true", async () => {
  const app = await startApp({ maxRunning: 1 });
  const { jobId } = await createAndRun(app, "test.doomed");
  await app.post("/jobs/bulk", { action: "retry", filter: {} });
  const [retry] = app.engine.lists.page({ limit: 1 }).jobs;
  await app.post(`/jobs/${retry?.jobId}/suspend`);
  assert.deepEqual((await failures(app)).failures, []);
  const [group] = (await failures(app, "?retried=true")).failures;
  assert.deepEqual([group?.newest.jobId, group?.retried, group?.open], [jobId, 1, 0]);
});

async function withPlans(count: number): Promise<TestApp> {
  const app = await startApp();
  const creations = Array.from(
    { length: count },
    (_, index) => createPlan(app, { jobId: `job-${index + 1}` }),
  );
  await Promise.all(creations);
  return app;
}

function all(app: TestApp, action: BulkRequest["action"]): BulkRequest {
  return { action, filter: {}, upTo: app.engine.headLogId, again: false };
}

function waiting(app: TestApp): number {
  return app.engine.lists.count({ conditions: ["waiting"] }).jobs;
}

/** Admits all work at once. */
const AT_ONCE = { enter: () => undefined };

Deno.test("runBulk: it acts on up to the limit, the newest first, and says where to continue", async () => {
  const app = await withPlans(BULK_MAX + 200);
  const request = all(app, "cancel");
  const first = await runBulk(app.engine, request, AT_ONCE);
  assert.deepEqual([first.done.length, first.left.jobs], [BULK_MAX, 200]);
  const oldest = app.engine.job("job-1" as JobId);
  assert.equal(oldest?.state, "Running");
  assert.ok(first.next !== undefined);
  const rest = await runBulk(app.engine, { ...request, before: first.next }, AT_ONCE);
  assert.deepEqual([rest.done.length, rest.left.jobs, rest.next], [200, 0, undefined]);
  assert.equal(waiting(app), 0);
});

Deno.test("runBulk: many jobs share a batch", async () => {
  const app = await withPlans(320);
  const { batches: before } = app.journal.content;
  const count = before.length;
  await runBulk(app.engine, all(app, "suspend"), AT_ONCE);
  assert.ok(app.journal.content.batches.length - count <= 40);
});

Deno.test("runBulk: jobs are read one by one, and after a large one the next takes a turn of its own", async () => {
  const app = await startApp();
  await createAndRun(app, "test.doomed");
  for (const order of ["a", "b"]) {
    await createAndRun(app, "test.doomed", { order, text: "x".repeat(100_000) });
  }
  const turns: (Size | undefined)[] = [];
  const enter = (size?: Size) => void turns.push(size);
  const { page } = JobLists.prototype;
  JobLists.prototype.page = () => assert.fail("the jobs are read together");
  try {
    const { done } = await runBulk(app.engine, all(app, "retry"), { enter });
    assert.equal(done.length, 3);
  } finally {
    JobLists.prototype.page = page;
  }
  assert.equal(turns.filter((size) => size === "large").length, 2);
});

/** Reserves, fails, and cannot release what it reserved. */
const stranded = defineJob({
  type: "test.stranded",
  version: 1,
  input: v.optional(v.unknown()),
  async run(ctx) {
    const compensate = () => Promise.reject(new NonRetryableError("nobody answers"));
    await ctx.task("reserve", () => "goods", { compensate });
    await ctx.task("charge", () => Promise.reject(new NonRetryableError("refused")));
  },
}) as unknown as AnyJobDefinition;

Deno.test("runBulk: a job that requires recovery is not retried in bulk", async () => {
  const app = await startApp({ definitions: [...DEFINITIONS, stranded] });
  const { jobId } = await createAndRun(app, "test.stranded");
  await createAndRun(app, "test.doomed");
  const request = all(app, "retry");
  const { count, byHand } = previewBulk(app.engine, request);
  assert.deepEqual([count.jobs, byHand], [1, 1]);
  const { done, skipped } = await runBulk(app.engine, request, AT_ONCE);
  assert.equal(done.length, 1);
  assert.deepEqual([...skipped], [
    ["effects that could not be undone have to be fixed by hand first", [jobId]],
  ]);
});

Deno.test("runBulk: a job that changed since it was selected is skipped", async () => {
  const app = await withPlans(100);
  app.journal.hold();
  const running = runBulk(app.engine, all(app, "cancel"), AT_ONCE);
  // Its turn has not come yet: the batch of earlier ones is held.
  const first = app.engine.control("job-1" as JobId, { kind: "cancel" });
  app.journal.release();
  const report = await running;
  assert.ok((await first).ok);
  assert.equal(report.done.length, 99);
  assert.deepEqual([...report.skipped], [["it was cancelled already", ["job-1"]]]);
});

Deno.test("runBulk: on a full disk it stops, says how far it got, and can be repeated", async () => {
  const app = await withPlans(100);
  app.journal.failNext(new JournalFullError("no room"));
  const request = all(app, "cancel");
  const report = await runBulk(app.engine, request, AT_ONCE);
  assert.equal(report.stopped?.kind, "disk-full");
  assert.ok(report.done.length < 100);
  assert.equal(report.left.jobs, 100 - report.done.length);
  assert.equal(waiting(app), report.left.jobs);
  const again = await runBulk(app.engine, { ...request, before: report.next ?? 0 }, AT_ONCE);
  assert.equal(again.stopped, undefined);
  assert.equal(report.done.length + again.done.length, 100);
  assert.equal(waiting(app), 0);
});

Deno.test("runBulk: with a failed journal it stops, and `done` lists what was durable", async () => {
  const app = await withPlans(10);
  app.journal.failNext(new JournalFailedError("sync failed"));
  const report = await runBulk(app.engine, all(app, "cancel"), AT_ONCE);
  assert.equal(report.stopped?.kind, "outcome-unknown");
  assert.deepEqual(report.done, []);
});

Deno.test("runBulk: when the process stops it stops too, and says so", async () => {
  const app = await withPlans(100);
  app.journal.hold();
  const running = runBulk(app.engine, all(app, "cancel"), AT_ONCE);
  const stopped = app.engine.stop(0);
  app.journal.release();
  const report = await running;
  assert.equal(report.stopped?.kind, "draining");
  assert.ok(report.done.length > 0 && report.done.length < 100);
  assert.equal(report.left.jobs, 100 - report.done.length);
  await app.clock.advance(10_000);
  await stopped;
});

Deno.test("runBulk: at a limit of the engine it stops, and can continue later", async () => {
  const app = await startApp({ limits: { jobsMax: 2 } });
  for (let index = 0; index < 5; index++) await createAndRun(app, "test.doomed");
  await createPlan(app);
  const report = await runBulk(app.engine, all(app, "retry"), AT_ONCE);
  assert.equal(report.stopped?.kind, "over-capacity");
  assert.equal(report.done.length, 1);
  assert.equal(report.left.jobs, 4);
});

Deno.test("runBulk: two at once retry each job once", async () => {
  const app = await startApp();
  for (let index = 0; index < 5; index++) await createAndRun(app, "test.doomed");
  const request = all(app, "retry");
  const reports = await Promise.all([1, 2, 3].map(() => runBulk(app.engine, request, AT_ONCE)));
  assert.equal(reports.flatMap(({ done }) => done).length, 5);
  assert.equal(app.engine.lists.count({}).jobs, 10);
});
