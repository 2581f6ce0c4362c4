/** A start with everything paused: one can look, cancel and go on. */

import assert from "node:assert/strict";
import { TokenList } from "../../src/http/guard/access.ts";
import { locationOf, pageOf, regionOf, submitForm } from "../support/http/dashboard.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";

interface Pause {
  readonly pauseId: string;
  readonly reason: string;
  readonly jobs: number;
}

async function bodyOf<Body>(response: Response): Promise<Body> {
  assert.equal(response.status, 200);
  return await response.json();
}

async function pausesOf(app: TestApp): Promise<readonly Pause[]> {
  const { pauses } = await bodyOf<{ pauses: readonly Pause[] }>(await app.get("/pauses"));
  return pauses;
}

async function conditionOf(app: TestApp, jobId: string): Promise<unknown> {
  return (await jsonOf(await app.get(`/jobs/${jobId}`), 200)).condition;
}

async function endPause(app: TestApp, pauseId: string): Promise<Response> {
  const response = await app.app.request(`/pauses/${pauseId}`, { method: "DELETE" });
  await app.clock.settle();
  return response;
}

async function submit(app: TestApp, jobId: string): Promise<void> {
  await jsonOf(await app.post("/jobs", { type: "test.greet", jobId, input: { name: "x" } }), 202);
  await app.clock.settle();
}

Deno.test("hold: nothing begins, facts count, and what it held begins when the pause ends", async () => {
  const app = await startApp({ hold: true });
  await submit(app, "a");
  await submit(app, "b");
  const plan = { expected: [{ id: "shipped", eventType: "shop.ParcelShipped" }] };
  await jsonOf(await app.post("/jobs", { jobId: "plan", plan }), 202);
  await app.post("/events", { eventType: "shop.ParcelShipped", jobId: "plan", attributes: {} });
  assert.equal(await conditionOf(app, "plan"), "succeeded");
  assert.deepEqual([await conditionOf(app, "a"), await conditionOf(app, "b")], [
    "queued",
    "queued",
  ]);
  const [pause, ...others] = await pausesOf(app);
  assert.ok(pause !== undefined && others.length === 0);
  assert.deepEqual([pause.reason, pause.jobs], ["started with --hold", 2]);

  await jsonOf(await app.post("/jobs/b/cancel"), 200);
  assert.equal((await bodyOf<Pause>(await endPause(app, pause.pauseId))).pauseId, pause.pauseId);
  assert.deepEqual(await pausesOf(app), []);
  assert.equal(await conditionOf(app, "a"), "succeeded");
  assert.equal(await conditionOf(app, "b"), "cancelled");
  await problemOf(await endPause(app, pause.pauseId), 404, "unknown-pause");
});

Deno.test("hold: a pause goes on over a restart, is not begun twice, and is told of the job", async () => {
  const first = await startApp({ hold: true });
  await submit(first, "a");
  const [before] = await pausesOf(first);
  const { content } = first.journal;
  const second = await startApp({ hold: true, content, clock: first.clock });
  assert.deepEqual((await pausesOf(second)).map(({ pauseId }) => pauseId), [before?.pauseId]);
  assert.equal(await conditionOf(second, "a"), "queued");
  const explained = await bodyOf<{ summary: string }>(await second.get("/jobs/a/explain"));
  assert.match(explained.summary, /is queued: everything is paused since .*--hold/);
  const text = await (await second.get("/jobs/a/explain?format=text")).text();
  assert.match(text, new RegExp(`curl -s -X DELETE http.*/pauses/${before?.pauseId}`));
});

Deno.test("hold: a start without it holds nothing", async () => {
  const app = await startApp();
  await submit(app, "a");
  assert.deepEqual(await pausesOf(app), []);
  assert.equal(await conditionOf(app, "a"), "succeeded");
});

Deno.test("hold: the overview says what is paused and since when, and its button ends it", async () => {
  const app = await startApp({ hold: true });
  await submit(app, "a");
  const [pause] = await pausesOf(app);
  const { pauses } = await bodyOf<{ pauses: readonly Pause[] }>(await app.get("/overview"));
  assert.deepEqual(pauses, [pause]);
  const told = regionOf(await pageOf(app, "/"), "pauses");
  assert.match(
    told,
    /Everything is paused.* since .*started with --hold.*1 job waits for its end/s,
  );

  const action = `/ui/pauses/${pause?.pauseId}/end`;
  for (const path of ["/", "/ui/jobs/a"]) {
    assert.ok((await pageOf(app, path)).includes(`action="${action}"`), path);
  }
  const location = await locationOf(await submitForm(app, action, { return: "/" }));
  await app.clock.settle();
  assert.equal(await conditionOf(app, "a"), "succeeded");
  const after = await pageOf(app, location);
  assert.match(after, /The pause is over/);
  assert.doesNotMatch(regionOf(after, "pauses"), /paused/);
  const again = await locationOf(await submitForm(app, action, { return: "/" }));
  assert.match(await pageOf(app, again), /role="alert".*Cannot end pause/s);
});

Deno.test("hold: the button needs the scope operate", async () => {
  const token = "reader-token-0123456789";
  const access = new TokenList([{ token, scopes: ["read"] }]);
  const app = await startApp({ hold: true, access });
  const headers = { authorization: `Bearer ${token}` };
  const told = regionOf(
    await (await app.get("/", { ...headers, accept: "text/html" })).text(),
    "pauses",
  );
  assert.match(told, /does not have the scope.*operate/s);
  assert.doesNotMatch(told, /<form/);
  const action = "/ui/pauses/pau_1/end";
  await problemOf(
    await submitForm(app, action, {}, { ...headers, accept: "*/*" }),
    403,
    "forbidden",
  );
});
