/** The system screen, and the forms that submit jobs, plans and events. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { type Scope, SCOPES, TokenList } from "../../src/access/tokens.ts";
import { locationOf, pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { exampleSystem, FakeVerification } from "../support/http/example_system.ts";
import { elementOf, textOf } from "./html_text.ts";
import {
  createAndRun,
  jsonOf,
  startApp,
  type TestApp,
  type TestAppOptions,
} from "../support/http/http_app.ts";
import { readable } from "../support/http/job_pages.ts";

const HOSTILE = `<img src=x onerror=alert(1)> \u202e"&'`;
const ESCAPED = `&lt;img src=x onerror=alert(1)&gt; \u202e&quot;&amp;&#39;`;

const SYSTEM = exampleSystem(HOSTILE);

async function start(options: TestAppOptions = {}) {
  const clock = new FakeClock();
  const verification = new FakeVerification(clock);
  const app = await startApp({ clock, verification, system: SYSTEM, ...options });
  return { app, verification };
}

const VERIFY = { return: "/ui/system#verification" };

/** A browser that signed in with a token of these scopes. */
async function signedIn(scopes: readonly Scope[]): Promise<{ app: TestApp; cookie: string }> {
  const token = "a-token-that-is-never-shown";
  const tokens = [{ token, scopes, name: "ops" }, { token: `${token}-2`, scopes: SCOPES }];
  const { app } = await start({ access: new TokenList(tokens) });
  const response = await submitForm(app, "/ui/sign-in", { token });
  await response.body?.cancel();
  return { app, cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

Deno.test("system: the page of a job shows how to export it from the served journal", async () => {
  const { app } = await start();
  await app.post("/jobs", { plan: { expected: [] }, jobId: "job-1" });
  const html = await pageOf(app, "/ui/jobs/job-1");
  assert.ok(html.includes("deno task journal export job-1 --journal /data/journal"));
});

Deno.test("system: it shows the journal, settings with their origins, limits with their use, and the process", async () => {
  const { app } = await start();
  const text = await pageOf(app, "/ui/system");
  for (
    const expected of [
      /--journal<\/td><td class="setting-value"><bdi>&lt;img src=x onerror=alert\(1\)&gt;/,
      /<td>environment<\/td>/,
      /jobs waiting for a worker<\/td><td class="number bad">100<\/td>/,
      /workers with a job<\/td><td class="number">3<\/td><td class="number">16<\/td>/,
      /open streams<\/td><td class="number">0<\/td><td class="number">1,000<\/td>/,
      /4711/,
      /3 MiB resident/,
      /journal backup backups\/journal --journal \/data\/journal/,
      /nothing recorded/,
      /Never verified/,
      /test\.greet/,
      /curl -s http:\/\/localhost\/system</,
    ]
  ) assert.match(text, expected);
  assert.ok(!text.includes(HOSTILE));
});

Deno.test("system: of many definitions, those after the first 50 are folded", async () => {
  const definitions = Array.from(
    { length: 300 },
    (_, at) =>
      defineJob({ type: `mail.send${at}`, version: 1, input: v.object({}), run: async () => {} }),
  );
  const { app } = await start({ definitions });
  const page = await pageOf(app, "/ui/system");
  const folded = elementOf(page, "further-definitions");
  const linksIn = (html: string) => html.match(/\/definitions\/mail\.send\d+"/g)?.length;
  assert.equal(linksIn(page), 300);
  assert.equal(linksIn(folded), 250);
  assert.match(folded, /^<details[^>]*><summary>250 other definitions/);
});

Deno.test("system: without process information it shows the rest", async () => {
  const text = await pageOf(await startApp(), "/ui/system");
  assert.match(text, /requests at a time/);
  assert.doesNotMatch(text, /Process id|Configuration/);
});

Deno.test("system: the button starts a verification, and the page shows its progress", async () => {
  const { app, verification } = await start();
  const location = await locationOf(await submitForm(app, "/ui/system/verify", VERIFY));
  assert.match(location, /^\/ui\/system\?note=[\w-]+#verification$/);
  verification.reach(50, 200);
  const [path = ""] = location.split("#");
  const text = await pageOf(app, path);
  assert.match(text, /role="status"><bdi>The verification has started\.<\/bdi>/);
  assert.match(text, /<progress max="200" value="50"[^>]*>25 %, 50 bytes of 200 bytes<\/progress>/);
  assert.match(text, /data-running="true"/);
  assert.match(text, /-X POST http:\/\/localhost\/journal\/verify/);

  const again = await locationOf(await submitForm(app, "/ui/system/verify", VERIFY));
  assert.match(
    await pageOf(app, again.split("#")[0] ?? ""),
    /Cannot verify: a verification is already running/,
  );
  verification.end();
  assert.match(
    await pageOf(app, "/ui/system"),
    /<progress max="1" value="1"[^>]*>read to the end at/,
  );
  verification.fail(`no room ${HOSTILE}`);
  const failed = await pageOf(app, "/ui/system");
  assert.match(failed, /reached no verdict: <bdi>no room &lt;img/);
  assert.doesNotMatch(failed, /data-running/);
});

Deno.test("system: names of tokens require scope operate, and a token is never shown", async () => {
  const operator = await signedIn(["read", "operate"]);
  const seen = await pageOf(operator.app, "/ui/system", { cookie: operator.cookie });
  assert.match(seen, /<bdi>ops<\/bdi><\/td><td>read, operate<\/td>/);
  assert.match(seen, /no name<\/span><\/td><td>read, submit, operate<\/td>/);
  const reader = await signedIn(["read"]);
  const unseen = await pageOf(reader.app, "/ui/system", { cookie: reader.cookie });
  assert.doesNotMatch(unseen, /<bdi>ops<\/bdi>/);
  for (const text of [seen, unseen]) assert.ok(!text.includes("a-token-that-is-never-shown"));
});

Deno.test("system: overview and jobs lead to the forms, but only those who may send them", async () => {
  for (const [scopes, many] of [[["read"], 0], [["read", "submit"], 1]] as const) {
    const { app, cookie } = await signedIn(scopes);
    for (const path of ["/", "/ui/jobs"]) {
      const text = await pageOf(app, path, { cookie });
      for (const form of ["/ui/system#definitions-heading", "/ui/system/event"]) {
        assert.equal(text.split(`href="${form}"`).length - 1, many, `${path} ${form}`);
      }
    }
  }
});

Deno.test("system: with scope read there are no buttons, and their actions are refused", async () => {
  const { app, cookie } = await signedIn(["read"]);
  const system = await pageOf(app, "/ui/system", { cookie });
  assert.match(system, /scope <code>operate<\/code>, which verifying needs/);
  assert.doesNotMatch(system, /Verify now/);
  const greet = await pageOf(app, "/ui/system/definitions/test.greet", { cookie });
  assert.match(greet, /scope <code>submit<\/code>/);
  assert.doesNotMatch(greet, /type="submit" class="primary"/);
  for (const path of ["verify", "definitions/test.greet", "plan", "event"]) {
    const refused = await submitForm(app, `/ui/system/${path}`, {}, { cookie });
    assert.equal(refused.status, 403, path);
    await refused.body?.cancel();
  }
  const operator = await signedIn(["read", "operate"]);
  const refused = await submitForm(operator.app, "/ui/system/plan", {}, {
    cookie: operator.cookie,
  });
  assert.equal(refused.status, 403);
  await refused.body?.cancel();
});

Deno.test("submit form: creates the job with its options, and leads to its page", async () => {
  const { app } = await start();
  const location = await locationOf(
    await submitForm(app, "/ui/system/definitions/test.greet", {
      "input/name": "Zoë",
      "input/times": "2",
      jobId: "greeting-1",
      priority: "-5",
      labels: "team:north\r\n\r\nregion : eu\r\n",
      startAt: "2026-01-01T00:05",
      once: "abc",
    }),
  );
  assert.equal(location, "/ui/jobs/greeting-1");
  const job = await jsonOf(await app.get("/jobs/greeting-1"), 200);
  assert.deepEqual(job.input, { name: "Zoë", times: 2 });
  assert.deepEqual([job.priority, job.condition], [-5, "scheduled"]);
  assert.deepEqual(job.labels, { team: "north", region: "eu" });
});

Deno.test("submit form: sent twice it creates one job, and changed it creates another", async () => {
  const { app } = await start();
  const send = async (name: string) =>
    await locationOf(
      await submitForm(app, "/ui/system/definitions/test.greet", { "input/name": name, once: "x" }),
    );
  const first = await send("a");
  assert.equal(await send("a"), first);
  assert.notEqual(await send("b"), first);
});

Deno.test("submit form: the field of labels is described by its error and its hint", async () => {
  const { app } = await start();
  const response = await submitForm(app, "/ui/system/definitions/test.greet", { labels: "north" });
  const text = await pageText(response, 422);
  assert.match(
    text,
    /<textarea id="labels" aria-invalid="true" aria-describedby="labels-issues labels-hint"/,
  );
});

Deno.test("submit form: an error is shown at its field, and what was typed is kept", async () => {
  const { app } = await start();
  const response = await submitForm(app, "/ui/system/definitions/test.greet", {
    "input/times": "twice",
    labels: "north",
    jobId: "a b",
    priority: "7000",
    once: "kept-name",
  });
  const text = await pageText(response, 422);
  assert.match(text, /id="labels-issues" role="alert"><p><bdi>must have a name and a value/);
  assert.match(text, /name="jobId" value="a b"/);
  assert.match(text, /<details class="folded options" open/);
  assert.match(text, /name="once" value="kept-name"/);

  const further = await pageText(
    await submitForm(app, "/ui/system/definitions/test.greet", {
      "input/times": "twice",
      jobId: "a b",
      priority: "7000",
    }),
    422,
  );
  assert.match(further, /id="job-id-issues" role="alert"/);
  assert.match(further, /id="priority-issues" role="alert"/);

  const input = await pageText(
    await submitForm(app, "/ui/system/definitions/test.greet", { "input/times": "twice" }),
    422,
  );
  assert.match(input, /id="field%2Fname-issues" role="alert"><p><bdi>is required/);
  assert.match(input, /id="field%2Ftimes-issues" role="alert"><p><bdi>must be a number/);
  assert.match(input, /name="input\/times"[^>]*aria-invalid="true"[^>]*value="twice"/);
});

Deno.test("submit form: hostile text is shown as text", async () => {
  const { app } = await start();
  const response = await submitForm(app, "/ui/system/definitions/test.greet", {
    "input/name": HOSTILE,
    "input/times": HOSTILE,
    labels: HOSTILE,
    jobId: HOSTILE,
    startAt: HOSTILE,
    once: HOSTILE,
    unknown: HOSTILE,
  });
  const text = await pageText(response, 422);
  assert.ok(text.includes(ESCAPED));
  assert.ok(!text.includes("<img"));
});

Deno.test("submit form: a refusal at a limit keeps what was typed", async () => {
  const { app } = await start({ limits: { jobsMax: 0 } });
  const response = await submitForm(app, "/ui/system/definitions/test.greet", {
    "input/name": "typed",
  });
  assert.equal(response.headers.get("retry-after"), "5");
  const text = await pageText(response, 503);
  assert.match(text, /the limit is 0 unfinished jobs/);
  assert.match(text, />\ntyped<\/textarea>/);
});

Deno.test("submit form: it shows the curl call for what is filled in, and creates nothing", async () => {
  const { app } = await start();
  const fields = { "input/name": "Zoë's", jobId: "g-1", show: "curl" };
  const response = await submitForm(app, "/ui/system/definitions/test.greet", fields);
  const text = await pageText(response);
  const body = `{"type":"test.greet","input":{"name":"Zoë'\\''s"},"jobId":"g-1"}`
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
  assert.ok(text.includes(body), text);
  assert.deepEqual(app.engine.lists.page({ limit: 1 }).jobs, []);
});

Deno.test("submit form: a secret has a password field, and is in no answer", async () => {
  const pay = defineJob({
    type: "test.pay",
    version: 1,
    input: v.object({ card: v.pipe(v.string(), v.email()), amount: v.number() }),
    secrets: ["card"],
    run: () => Promise.resolve("paid"),
  });
  const { app } = await start({ definitions: [pay] });
  assert.match(await pageOf(app, "/ui/system/definitions/test.pay"), /type="password"/);
  const wrong = { "input/card": "4000-0000-0000-0002", "input/amount": "much" };
  const refused = await submitForm(app, "/ui/system/definitions/test.pay", wrong);
  assert.doesNotMatch(await pageText(refused, 422), /4000-0000/);
  const shown = await submitForm(app, "/ui/system/definitions/test.pay", {
    ...wrong,
    show: "curl",
  });
  assert.doesNotMatch(await pageText(shown), /4000-0000/);
  const blank = { "input/card": "", "input/amount": "5", show: "curl" };
  const without = await submitForm(app, "/ui/system/definitions/test.pay", blank);
  assert.match(await pageText(without), /&quot;input&quot;:\{&quot;amount&quot;:5\}/);
});

Deno.test("definition page: the schema as a table and raw, and what its newest job waits for", async () => {
  const { app } = await start();
  const before = await pageOf(app, "/ui/system/definitions/test.parcel");
  assert.match(before, /The plan depends on the input/);
  await jsonOf(await app.post("/jobs", { type: "test.parcel", input: { orderId: HOSTILE } }), 202);
  const text = await pageOf(app, "/ui/system/definitions/test.parcel");
  assert.match(text, /shop\.ParcelShipped/);
  assert.match(text, /&quot;\$schema&quot;/);
  assert.match(text, /<td class="mono"><bdi>orderId<\/bdi><\/td><td><bdi>text<\/bdi><\/td>/);
  assert.ok(!text.includes("<img"));
  await pageOf(app, "/ui/system/definitions/nobody", { status: 404 });
});

Deno.test("type page: rate, times and failures of the type, and kinds that lead to the jobs", async () => {
  const { app } = await start();
  const figures = async () => textOf(await pageOf(app, "/ui/system/definitions/test.doomed"));
  assert.match(await figures(), /No job of this type yet\. Rate 0 in the last hour, 0 in 24 hours/);
  for (let job = 0; job < 2; job++) await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.greet", { name: "x" });
  const text = await figures();
  assert.match(text, /2 failed Rate 2 in the last hour, 2 in 24 hours/);
  assert.match(text, /Took p50 0 ms, p95 0 ms Failures 2 of 2, 100 %/);
  assert.match(text, /2 NonRetryableError: the card is stolen .* 2 /);
  await app.clock.advance(2 * 3_600_000);
  assert.match(await figures(), /Rate 0 in the last hour, 2 in 24 hours/);
  const greet = textOf(await pageOf(app, "/ui/system/definitions/test.greet"));
  assert.match(greet, /1 succeeded .*Failures 0 of 1, 0 %/);
});

Deno.test("type page: for a type that is no longer loaded it shows its jobs", async () => {
  const old = await startApp();
  await createAndRun(old, "test.doomed");
  const app = await startApp({ definitions: [], content: old.journal.content, clock: old.clock });
  const text = textOf(await pageOf(app, "/ui/system/definitions/test.doomed"));
  assert.match(text, /No definition of this type is loaded.* 1 failed .* Failures 1 of 1, 100 %/);
  assert.doesNotMatch(text, /Submit the job/);
  await pageOf(app, "/ui/system/definitions/test.greet", { status: 404 });
});

Deno.test("definition page: hostile names and words of a schema are shown as text", async () => {
  const odd = defineJob({
    type: "test.odd",
    version: 1,
    description: HOSTILE,
    input: v.object({
      [HOSTILE]: v.pipe(v.string(), v.description(HOSTILE)),
      choice: v.optional(v.picklist([HOSTILE, "b"]), HOSTILE),
      group: v.optional(v.object({ [HOSTILE]: v.array(v.string()) })),
    }),
    run: () => Promise.resolve("done"),
  });
  const { app } = await start({ definitions: [odd] });
  const path = "/ui/system/definitions/test.odd";
  for (const text of [await pageOf(app, "/ui/system"), await pageOf(app, path)]) {
    assert.ok(!text.includes("<img"));
    assert.match(text, /&lt;img src=x/);
  }
  const named = { [`input/${HOSTILE.replaceAll("~", "~0").replaceAll("/", "~1")}`]: "said" };
  const job = await locationOf(await submitForm(app, path, { ...named, jobId: "odd-1" }));
  assert.equal(job, "/ui/jobs/odd-1");
  const { input } = await jsonOf(await app.get("/jobs/odd-1"), 200);
  assert.deepEqual(input, { [HOSTILE]: "said" });
});

Deno.test("plan form: it creates a job without code, and shows what is wrong with a plan", async () => {
  const { app } = await start();
  assert.match(await pageOf(app, "/ui/system/plan"), /shop\.ParcelShipped/);
  const plan = JSON.stringify({ expected: [{ id: "a", eventType: "a.B" }] });
  const location = await locationOf(
    await submitForm(app, "/ui/system/plan", { input: plan, jobId: "plan-1", held: "held" }),
  );
  assert.equal(location, "/ui/jobs/plan-1");
  const job = await jsonOf(await app.get("/jobs/plan-1"), 200);
  assert.equal(job.state, "Created");

  const wrong = await pageText(
    await submitForm(app, "/ui/system/plan", { input: '{"expected":[{"id":"a"}]}' }),
    422,
  );
  assert.match(wrong, /\/expected\/0\/eventType is required/);
  const broken = await pageText(await submitForm(app, "/ui/system/plan", { input: "{" }), 422);
  assert.match(broken, /is not JSON: it ends too early/);
});

Deno.test("event form: the receipt says what the event did, and a second sending changes nothing", async () => {
  const { app } = await start();
  const plan = { expected: [{ id: "b", eventType: "a.B" }] };
  await jsonOf(await app.post("/jobs", { plan, jobId: "waits" }), 202);
  const send = async (attributes = '{"n":1}') =>
    await locationOf(
      await submitForm(app, "/ui/system/event", {
        "input/eventType": "a.B",
        "input/attributes": attributes,
        once: "the-same",
      }),
    );
  const receipt = await pageOf(app, await send());
  assert.match(readable(receipt), /It counted for "b" of job waits, 1 of 1; the job is Done/);
  assert.match(
    await pageOf(app, await send()),
    /was already recorded as entry \d+, and changes nothing/,
  );
  // Going back and changing the form makes another event.
  assert.match(await pageOf(app, await send('{"n":2}')), /is recorded as entry \d+/);

  const wrong = await submitForm(app, "/ui/system/event", {
    "input/eventType": "job.Forged",
    "input/spanId": "a b",
    "input/attributes": `{"a":"${HOSTILE.replaceAll('"', '\\"')}"}`,
  });
  const text = await pageText(wrong, 422);
  assert.match(text, /must not be in the reserved namespaces/);
  assert.match(text, /id="field%2FspanId-issues" role="alert"/);
  assert.ok(!text.includes("<img"));
});

Deno.test("event form: it begins empty, and keeps an event that matched nothing, with a warning and a link", async () => {
  const { app } = await start();
  const correlation = { equals: { orderId: "42" } };
  const plan = { expected: [{ id: "b", eventType: "a.B", correlation }] };
  await jsonOf(await app.post("/jobs", { plan, jobId: "waits" }), 202);
  const atFirst = await pageOf(app, "/ui/system/event");
  assert.match(atFirst, /placeholder="such as shop\.ParcelShipped"[^>]* value=""/);
  const missed = await pageOf(
    app,
    await locationOf(
      await submitForm(app, "/ui/system/event", {
        "input/eventType": "a.B",
        "input/attributes": '{"orderId":42}',
        "input/eventId": "evt-1",
      }),
    ),
  );
  assert.match(missed, /class="note note-warning" role="status"/);
  assert.match(
    missed,
    /the nearest is expectation b of job <a href="\/ui\/jobs\/waits">waits<\/a>/,
  );
  assert.match(missed, /value="a\.B"/);
  assert.match(missed, /&quot;orderId&quot;: 42/);
  assert.doesNotMatch(missed, /value="evt-1"/);
});

Deno.test("system: a megabyte in a field does not come back in the page", async () => {
  const { app } = await start({ bodyBytesMax: 4 * 1024 * 1024 });
  const long = "x".repeat(1024 * 1024);
  const response = await submitForm(app, "/ui/system/definitions/test.greet", {
    "input/name": long,
    "input/times": "no",
  });
  const text = await pageText(response, 422);
  // The typed text is kept once; the curl call takes it from a file.
  assert.ok(text.includes(long) && text.length < 1.1 * long.length, `${text.length}`);
});
