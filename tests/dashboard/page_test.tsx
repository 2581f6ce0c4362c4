/** What every page shares. */

import assert from "node:assert/strict";
import { withoutNote } from "../../src/dashboard/page.tsx";
import { Notes } from "../../src/http/responses/notes.ts";
import { momentText } from "../../src/dashboard/parts/amounts.tsx";
import { JsonText, JsonView, UserText } from "../../src/dashboard/parts/text.tsx";
import { locationOf, pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import { problemOf, startApp } from "../support/http/http_app.ts";
import { assetPath } from "../../src/dashboard/assets.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("page: 404 is a page for browsers, and JSON for programs", async () => {
  const app = await startApp();
  const text = await pageOf(app, "/ui/nowhere", { status: 404 });
  assert.match(text, /<h1>There is nothing at this path<\/h1>/);
  await problemOf(await app.get("/ui/nowhere", { accept: "*/*" }), 404, "not-found");
});

Deno.test("page: a browser gets a page at an unknown address, and JSON at an API path", async () => {
  const app = await startApp();
  const text = await pageOf(app, "/job/order-7", { status: 404 });
  assert.match(text, /<h1>There is nothing at this path<\/h1>[^]*did you mean \/jobs\/order-7\?/);
  await problemOf(await app.get("/job/order-7"), 404, "not-found");
  await problemOf(await app.get("/jobs/order-7", { accept: "text/html" }), 404, "unknown-job");
  const guarded = await startApp({ token: "s3cret-token-0123456789" });
  const response = await guarded.get("/nowhere", { accept: "text/html" });
  assert.equal(await locationOf(response), "/ui/sign-in?next=%2Fnowhere");
});

Deno.test("page: a refusal is shown once, with a link to its job", async () => {
  const app = await startApp();
  const plan = { expected: [{ id: "x", eventType: "a.B" }] };
  await app.post("/jobs", { plan, jobId: "a~b" });
  const text = await pageOf(app, "/ui/jobs/a~b/time?at=999", { status: 422 });
  assert.equal(text.split("at is beyond the journal, which ends at entry 3").length, 2);
  assert.match(text, /<a href="\/ui\/jobs\/a~b">To the job<\/a>/);
  assert.doesNotMatch(await pageOf(app, "/ui/nowhere", { status: 404 }), /To the job/);
});

Deno.test("page: /ui redirects to the overview", async () => {
  const app = await startApp();
  assert.equal(await locationOf(await app.get("/ui", { accept: "text/html" })), "/");
});

Deno.test("page: an address with a trailing slash redirects to the one without", async () => {
  const app = await startApp();
  const browser = { accept: "text/html" };
  assert.equal(await locationOf(await app.get("/jobs/?state=Done", browser)), "/jobs?state=Done");
  assert.equal(await locationOf(await app.get("/ui/jobs/", browser)), "/ui/jobs");
  await problemOf(await app.get("/jobs/"), 404, "not-found");
  for (const path of ["/nowhere/", "//example.com/", "/jobs//"]) {
    assert.equal((await app.get(path, browser)).status, 404, path);
  }
});

Deno.test("page: user text is shown as text, isolated from its surroundings", () => {
  const text = String(<UserText text={`<img src=x onerror=alert(1)> \u202e "&'`} />);
  assert.equal(
    text,
    "<bdi>&lt;img src=x onerror=alert(1)&gt; \u202e &quot;&amp;&#39;</bdi>",
  );
});

Deno.test("page: a direction mark is visible, and reverses nothing", async () => {
  const app = await startApp();
  const plan = { expected: [{ id: "x", eventType: "a.B" }] };
  await app.post("/jobs", { plan, jobId: "job-1" });
  await app.post("/jobs/job-1/cancel", { reason: "a\u202eb\u2066c" });
  const text = await pageOf(app, "/ui/jobs/job-1/time");
  assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]/);
  assert.ok(text.includes("a\\u202eb\\u2066c"));
});

Deno.test("page: a form sends what was typed, including direction marks", async () => {
  const app = await startApp();
  const typed = { "input/name": "a\u202eb", jobId: "c\u202ed", "input/times": "no" };
  const response = await submitForm(app, "/ui/system/definitions/test.greet", typed);
  const text = await pageText(response, 422);
  assert.match(text, />\na\u202eb<\/textarea>/);
  assert.match(text, /name="jobId" value="c\u202ed"/);
});

Deno.test("page: a megabyte of text, or of JSON, does not make a megabyte of page", () => {
  const long = "<".repeat(1024 * 1024);
  assert.match(String(<UserText text={long} />), / … 1,046,576 more<\/span><\/bdi>$/);
  const json = String(<JsonView value={{ long }} href="/jobs/x" />);
  assert.ok(json.length < 64 * 1024);
  assert.match(json, /<a href="\/jobs\/x">All of it, as JSON<\/a>/);
});

Deno.test("page: a text is never cut inside a character", () => {
  assert.ok(String(<UserText text="😀😀" lengthMax={3} />).isWellFormed());
});

Deno.test("time: a time of today has no date", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");
  assert.equal(momentText("2026-11-26T04:02:11.123Z", now), "04:02:11");
  assert.equal(momentText("2026-11-25T04:02:11.123Z", now), "2026-11-25 04:02:11");
});

Deno.test("notes: a path names a note, and only this server can issue it", () => {
  const notes = new Notes();
  const path = notes.pathWith("/ui/jobs?state=Failed#x", "cancelled <b>", "bad");
  const name = new URL(path, "http://x").searchParams.get("note") ?? "";
  assert.match(path, /^\/ui\/jobs\?state=Failed&note=[\w-]+#x$/);
  assert.deepEqual(notes.of(name), { text: "cancelled <b>", tone: "bad" });
  assert.equal(notes.of("cancelled"), undefined);
  assert.equal(withoutNote(`http://x${path}`), "/ui/jobs?state=Failed");
});

Deno.test("notes: their number is bounded, and the oldest go first", () => {
  const notes = new Notes();
  const names = Array.from(
    { length: 1_001 },
    (_, at) => notes.pathWith("/", `${at}`).split("note=")[1],
  );
  assert.equal(notes.of(names[0]), undefined);
  assert.equal(notes.of(names[1])?.text, "1");
});

Deno.test("page: one of something is not written in the plural", async () => {
  const json = { text: "x".repeat(28), more: 1, isCounted: true };
  assert.match(String(<JsonText json={json} />), /1 more character\./);
  const app = await startApp();
  const plan = { expected: [{ id: "x", eventType: "a.B" }] };
  await app.post("/jobs", { plan, jobId: "a", start: false });
  assert.match(await pageOf(app, "/ui/jobs/a/time"), /as of its only entry/);
});

Deno.test("assets: every file that a page names exists, and can be cached forever", async () => {
  const app = await startApp({ token: "s3cret-token-0123456789" });
  const text = await pageOf(app, "/ui/sign-in");
  const paths = [...text.matchAll(/(?:src|href)="(\/ui\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.length >= 5);
  for (const path of paths) {
    const response = await app.get(path ?? "");
    assert.equal(response.status, 200, path);
    assert.notEqual(await response.text(), "");
    assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("assets: their names change with their content", () => {
  assert.match(assetPath("base.css"), /^\/ui\/assets\/base\.[\w-]{10}\.css$/);
});

Deno.test("assets: no other name leads to a file, however it is spelled", async () => {
  const app = await startApp();
  for (const name of ["base.css", "..%2f..%2fdeno.json", "%2e%2e", "constructor", "__proto__"]) {
    await problemOf(await app.get(`/ui/assets/${name}`), 404, "not-found");
  }
});

const EVENTS = 40;

/** A clock that advances some milliseconds at each reading. */
class SlowClock extends FakeClock {
  #ms = 0;

  override monotonic(): number {
    return this.#ms += 4;
  }
}

/** The page with this many events of this size, and the number of turns that it takes. */
async function asked(path: string, attributes: object) {
  const clock = new SlowClock();
  const app = await startApp({ clock });
  const plan = { expected: [{ id: "e", eventType: "shop.Large", multiplicity: { times: 99 } }] };
  await app.post("/jobs", { jobId: "large", plan });
  for (let n = 0; n < EVENTS; n++) {
    await app.post("/events", { eventType: "shop.Large", jobId: "large", attributes });
  }
  const before = clock.turns;
  const html = await pageOf(app, path);
  return { turns: clock.turns - before, html };
}

for (const path of ["/ui/jobs/large", "/ui/stream", "/ui/stream?types=shop.Large"]) {
  Deno.test(`${path}: large entries are shortened a few at a time, in separate turns`, async () => {
    const names = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`name${n}`, n]));
    const [small, large] = [await asked(path, { name0: 0 }), await asked(path, names)];
    assert.ok(large.turns - small.turns >= EVENTS / 4, `${large.turns}, not ${small.turns}`);
    assert.match(large.html, /&quot;name0&quot;: 0/);
    assert.doesNotMatch(large.html, /name999/);
    assert.match(large.html, /\d+ more characters/);
    assert.doesNotMatch(small.html, /more characters/);
  });
}
