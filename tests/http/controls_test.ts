/** `/jobs/:id/start`, `cancel`, `suspend`, `resume` and `retry`. */

import assert from "node:assert/strict";
import { createAndRun, createPlan, jsonOf, problemOf, startApp } from "../support/http/http_app.ts";

Deno.test("controls: start, suspend, resume and cancel each return the job", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { start: false });
  const conditions: string[] = [];
  for (const control of ["start", "suspend", "resume", "cancel"]) {
    const job = await jsonOf(await app.post(`/jobs/${jobId}/${control}`), 200);
    conditions.push(job.condition);
  }
  assert.deepEqual(conditions, ["waiting", "suspended", "waiting", "cancelled"]);
});

Deno.test("controls: a reason is recorded", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const job = await jsonOf(await app.post(`/jobs/${jobId}/cancel`, { reason: "a test" }), 200);
  assert.equal((job.failure?.["error"] as { message: string }).message, "a test");
});

Deno.test("controls: an empty body needs no media type, and means {}", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await jsonOf(await app.post(`/jobs/${jobId}/suspend`, ""), 200);
  await jsonOf(await app.post(`/jobs/${jobId}/resume`, {}), 200);
});

Deno.test("controls: one in the wrong state is 409 with the states that allow it", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const allowed = {
    start: ["state is Running", ["Created"], ""],
    retry: ["it is neither failed nor parked", ["Failed"], ", or while parked"],
  } as const;
  for (const [control, [why, states, condition]] of Object.entries(allowed)) {
    const response = await app.post(`/jobs/${jobId}/${control}`);
    const problem = await problemOf(response, 409, "not-in-this-state");
    assert.deepEqual(problem.allowedIn, states);
    const where = `allowed in ${states.join(", ")}${condition}`;
    assert.ok(problem.detail.endsWith(`: ${why}; ${where}`), problem.detail);
  }
});

Deno.test("controls: If-Match with another ETag than the job's is 412, and nothing is done", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const etag = (await app.get(`/jobs/${jobId}`)).headers.get("etag") ?? "";
  await jsonOf(await app.post(`/jobs/${jobId}/suspend`, {}, { "if-match": etag }), 200);
  const late = await app.post(`/jobs/${jobId}/cancel`, {}, { "if-match": etag });
  await problemOf(late, 412, "precondition-failed");
  await jsonOf(await app.post(`/jobs/${jobId}/resume`, {}, { "if-match": "*" }), 200);
  await jsonOf(await app.post(`/jobs/${jobId}/cancel`, {}), 200);
  const retry = await app.post(`/jobs/${jobId}/retry`, {}, { "if-match": etag });
  await problemOf(retry, 412, "precondition-failed");
});

Deno.test("controls: an ended job accepts only a retry", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.greet", { name: "Ann" });
  for (const control of ["start", "cancel", "suspend", "resume", "wake", "retry"]) {
    await problemOf(await app.post(`/jobs/${jobId}/${control}`), 409, "not-in-this-state");
  }
});

Deno.test("retry: a failed job gives a new one, with its Location and the id of the old one", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const response = await app.post(`/jobs/${jobId}/retry`, { reason: "new card" });
  const job = await jsonOf(response, 201);
  assert.equal(job.retryOf, jobId);
  assert.notEqual(job.jobId, jobId);
  assert.equal(response.headers.get("location"), `/jobs/${job.jobId}`);
});

Deno.test("retry: from a task reuses only what was completed before it", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const reused = async (body: object) => {
    const job = await jsonOf(await app.post(`/jobs/${jobId}/retry`, body), 201);
    return job.tasks.map(({ taskId }) => taskId);
  };
  assert.deepEqual(await reused({}), ["mail"]);
  assert.deepEqual(await reused({ from: "mail", again: true }), []);
});

Deno.test("retry: a second retry is refused with the id of the new job, unless it has `again`", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const retry = (body: object) => app.post(`/jobs/${jobId}/retry`, body);
  const [first, second] = await Promise.all([retry({}), retry({})]);
  const retried = await jsonOf(first, 201);
  assert.equal(retried.retryOf, jobId);
  const refused = await problemOf(second, 409, "not-in-this-state");
  const detail = `Cannot retry job ${jobId}: it was already retried, as job ${retried.jobId}; ` +
    '"again" retries it once more';
  assert.deepEqual([refused.detail, refused.newJobId], [detail, retried.jobId]);
  const third = await problemOf(await retry({}), 409, "not-in-this-state");
  assert.deepEqual([third.detail, third.newJobId], [detail, retried.jobId]);
  const again = await jsonOf(await retry({ again: true }), 201);
  assert.equal(again.retryOf, jobId);
  const newest = await problemOf(await retry({}), 409, "not-in-this-state");
  assert.equal(newest.newJobId, again.jobId);
});

Deno.test("retry: an unknown task is refused like any unknown value, even in a dry run", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const before = app.engine.headLogId;
  for (const dryRun of [false, true]) {
    const response = await app.post(`/jobs/${jobId}/retry`, { from: "nothing", dryRun });
    const { errors } = await problemOf(response, 422, "invalid-request");
    assert.equal((errors?.[0] as { readonly pointer: string }).pointer, "/from");
  }
  assert.equal(app.engine.headLogId, before);
});

Deno.test("controls: if not the state but the suspension is the reason, no state is named", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const refused = async (control: string) => {
    const response = await app.post(`/jobs/${jobId}/${control}`);
    const { detail, allowedIn } = await problemOf(response, 409, "not-in-this-state");
    return [detail, allowedIn];
  };
  const resume = `Cannot resume job ${jobId}: it is neither suspended nor parked`;
  assert.deepEqual(await refused("resume"), [resume, []]);
  await jsonOf(await app.post(`/jobs/${jobId}/suspend`), 200);
  const suspend = `Cannot suspend job ${jobId}: it is already suspended`;
  assert.deepEqual(await refused("suspend"), [suspend, []]);

  await jsonOf(await app.post(`/jobs/${jobId}/cancel`), 200);
  const where = "allowed in Running, Compensating while suspended or parked";
  const ended = `Cannot resume job ${jobId}: state is Failed; ${where}`;
  assert.deepEqual(await refused("resume"), [ended, ["Running", "Compensating"]]);
});

Deno.test("retry: for an unknown task the job's tasks are listed", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed", {});
  const problem = await problemOf(
    await app.post(`/jobs/${jobId}/retry`, { from: "nope" }),
    422,
    "invalid-request",
  );
  assert.match(problem.detail, /from must be a task of the job; its tasks are \w+/);
});

Deno.test("retry: dryRun says what it would reuse and repeat, and records nothing", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const before = app.engine.headLogId;
  const preview = await jsonOf<{ reuses: string[]; again: string[]; first: object[] }>(
    await app.post(`/jobs/${jobId}/retry`, { dryRun: true }),
    200,
  );
  assert.deepEqual([preview.reuses, preview.again], [["mail"], ["reserve", "charge"]]);
  assert.match(
    JSON.stringify(preview.first),
    /First fix what task charge failed on: NonRetryableError/,
  );
  assert.equal(app.engine.headLogId, before);

  const again = await jsonOf<{ jobId: string }>(
    await app.post(`/jobs/${jobId}/retry`, { from: "reserve" }),
    201,
  );
  assert.notEqual(again.jobId, jobId);
});

Deno.test("retry: dryRun of a job that cannot be retried is 409", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  assert.equal((await app.post(`/jobs/${jobId}/retry`, { dryRun: true })).status, 409);
});

Deno.test("retry: dryRun is refused as the retry itself would be: already retried, or changed since If-Match", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const retry = (body: object, headers = {}) => app.post(`/jobs/${jobId}/retry`, body, headers);
  await problemOf(await retry({ dryRun: true }, { "if-match": '"1"' }), 412, "precondition-failed");
  const { jobId: newJobId } = await jsonOf<{ jobId: string }>(await retry({}), 201);
  const refused = await problemOf(await retry({ dryRun: true }), 409, "not-in-this-state");
  assert.equal(refused.newJobId, newJobId);
  await jsonOf(await retry({ dryRun: true, again: true }), 200);
});
