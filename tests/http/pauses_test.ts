/** Pauses: of everything at a start with --hold, and of jobs by type, label and key. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { PAUSES_MAX } from "../../src/engine/run/queue/pause_controls.ts";
import { TokenList } from "../../src/access/tokens.ts";
import { locationOf, pageOf, pageText, regionOf, submitForm } from "../support/http/dashboard.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import {
  conditionOf,
  jsonOf,
  pointersOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

interface Pause {
  readonly pauseId: string;
  readonly type?: string;
  readonly label?: string;
  readonly key?: string;
  readonly reason: string;
  readonly until?: string;
  readonly jobs: number;
  readonly firstJobs: readonly string[];
}

async function bodyOf<Body>(response: Response): Promise<Body> {
  assert.equal(response.status, 200);
  return await response.json();
}

async function pausesOf(app: TestApp): Promise<readonly Pause[]> {
  const { pauses } = await bodyOf<{ pauses: readonly Pause[] }>(await app.get("/pauses"));
  return pauses;
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

Deno.test("hold: nothing starts, facts count, and held jobs start when the pause ends", async () => {
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

Deno.test("hold: a pause survives a restart, does not begin twice, and is named for the job", async () => {
  const first = await startApp({ hold: true });
  await submit(first, "a");
  const [before] = await pausesOf(first);
  const { content } = first.journal;
  const second = await startApp({ hold: true, content, clock: first.clock });
  assert.deepEqual((await pausesOf(second)).map(({ pauseId }) => pauseId), [before?.pauseId]);
  assert.equal(await conditionOf(second, "a"), "queued");
  const explained = await bodyOf<{ summary: string }>(await second.get("/jobs/a/explain"));
  assert.match(explained.summary, /is queued: everything has been paused since .*--hold/);
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
    /Everything<\/bdi> has been paused.* since .*started with --hold.*1 job waits for its end/s,
  );

  const action = `/ui/pauses/${pause?.pauseId}/end`;
  for (const path of ["/", "/ui/limits", "/ui/jobs/a"]) {
    assert.ok((await pageOf(app, path)).includes(`action="${action}"`), path);
  }
  const location = await locationOf(await submitForm(app, action, { return: "/" }));
  await app.clock.settle();
  assert.equal(await conditionOf(app, "a"), "succeeded");
  const after = await pageOf(app, location);
  assert.match(after, /The pause has ended/);
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

/** Two steps; the test ends the first. */
function twoSteps() {
  const gate = Promise.withResolvers<void>();
  const begun: string[] = [];
  const definition = looseJob("test.steps", async (ctx) => {
    await ctx.task("one", async () => {
      begun.push(`${ctx.jobId} one`);
      await gate.promise;
    });
    await ctx.task("two", () => void begun.push(`${ctx.jobId} two`));
    await ctx.expect("paid");
  }, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });
  return { gate, begun, definition: definition as unknown as AnyJobDefinition };
}

async function begin(app: TestApp, body: object): Promise<Pause> {
  const pause: Pause = await jsonOf(await app.post("/pauses", body), 201) as unknown as Pause;
  await app.clock.settle();
  return pause;
}

async function submitAs(app: TestApp, jobId: string, labels: object, type = "test.greet") {
  const input = type === "test.greet" ? { name: "x" } : {};
  await jsonOf(await app.post("/jobs", { type, jobId, input, labels }), 202);
  await app.clock.settle();
}

Deno.test("pause: one of a type holds only its jobs, names the first ones, and releases them in order", async () => {
  const { definition, begun, gate } = twoSteps();
  gate.resolve();
  const app = await startApp({ definitions: [...DEFINITIONS, definition], maxRunning: 1 });
  const pause = await begin(app, { type: "test.steps", reason: "the bank is down" });
  assert.deepEqual([pause.type, pause.jobs, pause.firstJobs], ["test.steps", 0, []]);
  for (const jobId of ["a", "b", "c", "d", "e", "f"]) await submitAs(app, jobId, {}, "test.steps");
  await submit(app, "greeting");
  assert.equal(await conditionOf(app, "greeting"), "succeeded");
  assert.equal(await conditionOf(app, "f"), "queued");
  const [held] = await pausesOf(app);
  assert.deepEqual([held?.jobs, held?.firstJobs], [6, ["a", "b", "c", "d", "e"]]);

  assert.equal((await bodyOf<Pause>(await endPause(app, pause.pauseId))).jobs, 6);
  assert.deepEqual(begun.filter((step) => step.endsWith("one")).map(([job]) => job), [..."abcdef"]);
});

Deno.test("pause: running steps end, no other step starts, and events count meanwhile", async () => {
  const { definition, begun, gate } = twoSteps();
  const app = await startApp({ definitions: [definition] });
  await submitAs(app, "a", {}, "test.steps");
  const pause = await begin(app, { type: "test.steps", reason: "the bank is down" });
  assert.equal(await conditionOf(app, "a"), "executing");
  gate.resolve();
  await app.clock.settle();
  await app.post("/events", { eventType: "shop.Paid", jobId: "a", attributes: {} });
  assert.deepEqual([begun, await conditionOf(app, "a")], [["a one"], "queued"]);
  assert.deepEqual((await pausesOf(app))[0]?.firstJobs, ["a"]);

  const second = await startApp({
    ...{ definitions: [definition], content: app.journal.content, clock: app.clock },
  });
  assert.deepEqual([begun, await conditionOf(second, "a")], [["a one"], "queued"]);
  await endPause(second, pause.pauseId);
  assert.deepEqual([begun, await conditionOf(second, "a")], [["a one", "a two"], "succeeded"]);
});

Deno.test("pause: a job held between two steps gives its place to others, even after a kill", async () => {
  const { begun, gate, definition } = twoSteps();
  const limited = { ...definition, limits: { maxRunning: 1 } };
  const app = await startApp({ definitions: [limited] });
  await submitAs(app, "a", { tenant: "acme" }, "test.steps");
  await submitAs(app, "b", {}, "test.steps");
  const pause = await begin(app, { label: "tenant:acme", reason: "unpaid" });
  assert.deepEqual([begun, await conditionOf(app, "b")], [["a one"], "queued"]);
  gate.resolve();
  await app.clock.settle();
  assert.deepEqual(begun, ["a one", "b one", "b two"]);
  const entries = await app.engine.entries(0, 100);
  const cut = entries.filter(({ eventType }) => eventType === "job.TaskInterrupted");
  assert.deepEqual(cut.map(({ jobId, taskId, attributes }) => [jobId, taskId, attributes]), [
    ["a", "main", { attempt: 1, phase: "run", reason: "paused" }],
  ]);

  const second = await startApp({
    ...{ definitions: [limited], content: app.journal.content, clock: app.clock },
  });
  await submitAs(second, "c", {}, "test.steps");
  assert.deepEqual(begun.slice(3), ["c one", "c two"]);
  await endPause(second, pause.pauseId);
  assert.deepEqual(begun.slice(5), ["a two"]);
});

Deno.test("pause: it can hold a label, or a type with a label; a job is free when no pause holds it", async () => {
  const app = await startApp();
  const label = "tenant:acme:eu";
  const all = await begin(app, { label, reason: "unpaid" });
  const greetings = await begin(app, { type: "test.greet", label, reason: "spam" });
  await submitAs(app, "held", { tenant: "acme:eu" });
  await submitAs(app, "free", { tenant: "acme" });
  assert.deepEqual([await conditionOf(app, "held"), await conditionOf(app, "free")], [
    "queued",
    "succeeded",
  ]);
  assert.deepEqual((await pausesOf(app)).map(({ jobs }) => jobs), [1, 1]);
  await endPause(app, all.pauseId);
  assert.equal(await conditionOf(app, "held"), "queued");
  await endPause(app, greetings.pauseId);
  assert.equal(await conditionOf(app, "held"), "succeeded");
});

Deno.test("pause: one of a key holds its jobs, whatever their type", async () => {
  const byTenant = (type: string) =>
    defineJob({
      type,
      version: 1,
      input: v.object({ tenant: v.string() }),
      limits: { key: ({ tenant }) => tenant },
      run: (ctx) => ctx.task("work", () => "done"),
    }) as unknown as AnyJobDefinition;
  const app = await startApp({ definitions: [byTenant("test.mail"), byTenant("test.bill")] });
  const pause = await begin(app, { key: "acme", reason: "unpaid" });
  for (const [type, tenant] of [["mail", "acme"], ["bill", "acme"], ["mail", "other"]]) {
    const body = { type: `test.${type}`, jobId: `${type}-${tenant}`, input: { tenant } };
    await jsonOf(await app.post("/jobs", body), 202);
    await app.clock.settle();
  }
  assert.equal(await conditionOf(app, "mail-other"), "succeeded");
  const [held] = await pausesOf(app);
  assert.deepEqual([held?.key, held?.firstJobs], ["acme", ["mail-acme", "bill-acme"]]);
  const { summary } = await jsonOf<{ summary: string }>(
    await app.get("/jobs/bill-acme/explain"),
    200,
  );
  assert.match(summary, /^Job bill-acme is queued: key acme has been paused since /);
  await endPause(app, pause.pauseId);
  assert.equal(await conditionOf(app, "bill-acme"), "succeeded");
});

Deno.test("pause: it ends automatically at its recorded time, even if no process ran then", async () => {
  const app = await startApp();
  const until = new Date(app.clock.now() + 60_000).toISOString();
  await begin(app, { type: "test.greet", reason: "a minute", until });
  await begin(app, { type: "test.doomed", reason: "ended by hand", until }).then(({ pauseId }) =>
    endPause(app, pauseId)
  );
  await submit(app, "a");
  const content = structuredClone(app.journal.content);
  await app.clock.advance(59_999);
  assert.equal(await conditionOf(app, "a"), "queued");
  await app.clock.advance(1);
  assert.deepEqual([await conditionOf(app, "a"), await pausesOf(app)], ["succeeded", []]);
  const ends = async (from: TestApp) =>
    (await from.engine.entries(0, 100)).filter(({ eventType }) => eventType === "job.PauseEnded")
      .map(({ attributes }) => "elapsed" in attributes);
  assert.deepEqual(await ends(app), [false, true]);

  // Killed before that, and started again long after the time.
  const second = await startApp({ content, clock: app.clock });
  await app.clock.advance(0);
  assert.deepEqual([await conditionOf(second, "a"), await pausesOf(second)], ["succeeded", []]);
  assert.deepEqual(await ends(second), [false, true]);
});

Deno.test("pause: held jobs take no room in the queue", async () => {
  const app = await startApp({ limits: { queuedMax: 2 }, maxRunning: 1 });
  await begin(app, { type: "test.greet", reason: "the bank is down" });
  for (const jobId of ["a", "b", "c", "d", "e"]) await submit(app, jobId);
  await submitAs(app, "other", {}, "test.doomed");
  assert.equal(await conditionOf(app, "other"), "failed");
  const metrics = await (await app.get("/metrics")).text();
  assert.match(metrics, /^daybook_pauses 1$/m);
  assert.match(metrics, /^daybook_paused_jobs 5$/m);
  assert.match(metrics, /^daybook_queue_depth 0$/m);
});

Deno.test("pause: an invalid pause is refused, with what is allowed", async () => {
  const app = await startApp();
  const past = new Date(app.clock.now()).toISOString();
  const bodies: readonly (readonly [object, string, RegExp])[] = [
    [{}, "/reason", /is required/],
    [{ reason: " " }, "/reason", /must give a reason/],
    [{ reason: "x", key: "" }, "/key", /1 to 200 characters/],
    [{ reason: "x", label: "acme" }, "/label", /name:value/],
    ...["__proto__:x", "a:\n", `a:${"x".repeat(257)}`, `${"n".repeat(64)}:x`, "a b:x"].map((
      label,
    ) => [{ reason: "x", label }, "/label", /must be a label that a job can have/] as const),
    [{ reason: "x", until: past }, "/until", /in the future/],
    [{ reason: "x", until: "tomorrow" }, "/until", /RFC 3339/],
    [{ reason: "x", job: "a" }, "/job", /./],
  ];
  for (const [body, pointer, detail] of bodies) {
    const problem = await problemOf(await app.post("/pauses", body), 422, "invalid-request");
    assert.deepEqual(pointersOf(problem), [pointer]);
    assert.match(problem.errors?.[0]?.detail ?? "", detail);
  }
  const unknown = await app.post("/pauses", { reason: "x", type: "test.gret" });
  assert.match(
    (await problemOf(unknown, 422, "unknown-type")).detail,
    /^Cannot pause type "test\.gret": it is not a known type; did you mean test\.greet\? known are/,
  );
  assert.deepEqual(await pausesOf(app), []);

  for (let pause = 0; pause < PAUSES_MAX; pause++) {
    await begin(app, { reason: `${pause}`, label: "a:b" });
  }
  await problemOf(await app.post("/pauses", { reason: "x", label: "a:b" }), 503, "over-capacity");
});

Deno.test("pause: the same request again is answered with the pause in force, and records nothing", async () => {
  const first = await startApp();
  const until = new Date(first.clock.now() + 60_000).toISOString();
  const body = { type: "test.greet", label: "tenant:acme", reason: "the bank is down", until };
  const ask = async (app: TestApp, asked: object) => {
    const response = await app.post("/pauses", asked);
    const { pauseId }: Pause = await response.json();
    return { status: response.status, pauseId };
  };
  // Both at once, and again after a lost answer, even after a kill.
  const both = await Promise.all([ask(first, body), ask(first, body)]);
  assert.deepEqual(both.map(({ status }) => status), [201, 200]);
  const same = { status: 200, pauseId: both[0].pauseId };
  assert.equal(both[1].pauseId, same.pauseId);
  const head = first.engine.headLogId;
  const elsewhere = until.replace("Z", "+00:00");
  for (const asked of [body, { ...body, until: elsewhere }]) {
    assert.deepEqual(await ask(first, asked), same);
  }
  assert.equal(first.engine.headLogId, head);
  const app = await startApp({ content: first.journal.content, clock: first.clock });
  assert.deepEqual(await ask(app, body), same);

  const { until: _until, ...open } = body;
  const { label: _label, ...wider } = body;
  for (const other of [open, wider, { ...body, reason: "x" }, { ...body, key: "acme" }]) {
    assert.equal((await ask(app, other)).status, 201, JSON.stringify(other));
  }
  // A request after its end begins another one, even while the end is being written.
  const [, again] = await Promise.all([endPause(app, same.pauseId), ask(app, body)]);
  assert.equal(again.status, 201);
  assert.notEqual(again.pauseId, same.pauseId);
  assert.equal((await pausesOf(app)).length, 5);
});

Deno.test("pause: the form begins one, and its page and the overview show what it holds", async () => {
  const app = await startApp();
  await submit(app, "before");
  assert.match(await pageOf(app, "/"), /href="\/ui\/limits#pauses-heading"/);
  const before = await pageOf(app, "/ui/limits");
  assert.ok(before.includes('action="/ui/pauses"'));
  assert.match(regionOf(before, "pauses"), /Nothing is paused/);
  const form = {
    return: "/ui/limits",
    type: "test.greet",
    label: "",
    for: "30m",
    reason: "the bank",
  };
  const { label, reason } = form;
  const typed = { label, for: form.for, reason };
  const location = await locationOf(await submitForm(app, "/ui/pauses", form));
  await submit(app, "a");
  const page = await pageOf(app, location);
  assert.match(page, /Paused: type test\.greet\./);
  for (const told of [page, await pageOf(app, "/")]) {
    assert.match(
      regionOf(told, "pauses"),
      /Type test\.greet.* has been paused.* since .*, until .*the bank.*Its jobs start nothing.*1 job waits for its end.*href="\/ui\/jobs\/a"/s,
    );
  }
  for (
    const [wrong, told] of [
      [{ for: "soon" }, { "begin-pause-for-issues": /must be a duration[^<:]*/ }],
      [{ reason: "", label: "a <b" }, {
        "begin-pause-reason-issues": /is required/,
        "begin-pause-label-issues": /must be a name and a value/,
      }],
    ] as const
  ) {
    const refused = await submitForm(app, "/ui/pauses", { ...form, ...wrong });
    const page = await pageText(refused, 422);
    assert.match(regionOf(page, "begin-pause"), /<details class="confirm"[^>]* open|open=""/);
    for (const [id, said] of Object.entries(told)) assert.match(regionOf(page, id), said);
    assert.match(page, /<option value="test\.greet" selected/);
    for (const [name, text] of Object.entries({ ...typed, ...wrong })) {
      const input = `name="${name}" value="${text.replaceAll("<", "&lt;")}"`;
      assert.ok(page.includes(input), `${input} is in the form`);
    }
    assert.doesNotMatch(page, /live\.js/, "the page stays as it is while the form is filled in");
  }
  assert.equal((await pausesOf(app)).length, 1);
});
