/**
 * The security defaults of the HTTP edge, a group for each: the list is section "Security
 * defaults" of the reliability page. Finer cases are beside the code that they are about.
 */

import assert from "node:assert/strict";
import type { Route } from "../../src/http/route.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { API_ROUTES } from "../support/http/app_routes.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";

const TOKEN = "s3cret-token-0123456789";
const BEARER = { authorization: `Bearer ${TOKEN}` };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "content-type": "application/json" };

/** Probes, what one signs in with, and what that looks like. */
const OPEN = [
  "GET /livez",
  "GET /readyz",
  "GET /ui/assets/:name",
  "GET /ui/sign-in",
  "POST /ui/sign-in",
  "POST /ui/sign-out",
  // What a refusal means is no secret, also to who was refused for want of a token.
  "GET /problems/:kind",
];

async function ask(
  { app }: TestApp,
  { method, path }: { readonly method: string; readonly path: string },
  headers: Record<string, string> = {},
  query = "",
): Promise<Response> {
  return await app.request(path.replace(":id", "job-1") + query, { method, headers });
}

Deno.test("default, tokens: every route but those that are open asks for one", async () => {
  const app = await startApp({ token: TOKEN });
  for (const route of ROUTES) {
    const response = await ask(app, route);
    await response.body?.cancel();
    const isOpen = OPEN.includes(`${route.method} ${route.path}`);
    assert.equal(response.status === 401, !isOpen, `${route.method} ${route.path}`);
  }
});

Deno.test("default, tokens: never in a URL: there it opens nothing, and no answer repeats it", async () => {
  const app = await startApp({ token: TOKEN });
  for (const route of ROUTES) {
    for (const name of ["token", "access_token", "authorization"]) {
      const query = `?${name}=${TOKEN}`;
      const [without, wrong] = [
        await ask(app, route, {}, query),
        await ask(app, route, BEARER, query),
      ];
      for (const response of [without, wrong]) {
        const text = JSON.stringify([...response.headers]) + await response.text();
        assert.ok(!text.includes(TOKEN), `${route.method} ${route.path}`);
      }
    }
  }
});

Deno.test("default, tokens: never in the journal or a stream, whatever it came with", async () => {
  const app = await startApp({ token: TOKEN });
  const headers = { ...BEARER, "idempotency-key": "k", traceparent: "00-1-2-01" };
  const plan = { expected: [{ id: "x", eventType: "a.B" }] };
  const { jobId } = await jsonOf(await app.post("/jobs", { plan }, headers), 202);
  await jsonOf(await app.post("/events", { eventType: "a.C" }, headers), 200);
  for (const control of ["suspend", "resume", "cancel"]) {
    await (await app.post(`/jobs/${jobId}/${control}`, undefined, headers)).body?.cancel();
  }
  await app.clock.settle();
  const stream = await app.get(`/jobs/${jobId}/stream?until=terminal`, BEARER);
  const events = await app.get("/events?limit=1000", BEARER);
  const texts = [await stream.text(), await events.text(), JSON.stringify(app.journal.content)];
  assert.ok(texts.every((text) => text.includes(jobId) && !text.includes(TOKEN)));
});

Deno.test("default, bodies: counted as they stream on every route that takes one, up to 1 MiB", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf(await app.post("/jobs", { plan: { expected: [] } }), 202);
  const routes = ROUTES.filter(({ method, path }) => method === "POST" && path !== "/ui/sign-out");
  assert.ok(routes.length >= 8);
  for (const { path } of routes) {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    const url = path.replace(":id", jobId);
    const headers = path.startsWith("/ui/") ? FORM_TYPE : JSON_TYPE;
    const response = await app.app.request(url, { method: "POST", body, headers });
    await problemOf(response, 413, "body-too-large");
    assert.ok(sent <= 1024 * 1024 + 4 * 64 * 1024, `${path} took ${sent} bytes`);
  }
});

Deno.test("default, JSON: depth 65 is refused on every route that takes a body", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf(await app.post("/jobs", { plan: { expected: [] } }), 202);
  const deep = `${'{"a":'.repeat(65)}1${"}".repeat(65)}`;
  for (const { method, path } of API_ROUTES) {
    if (method !== "POST") continue;
    const response = await app.post(path.replace(":id", jobId), deep);
    const problem = await problemOf(response, 422, "invalid-request");
    assert.match(JSON.stringify(problem), /nested deeper than 64/, path);
  }
});

const UNSAFE_TEXTS = ["a\rb", "a\nb", "a\r\nb", "a\0b", "\n", "a\u2028b", "a\x1bb", "a/b", ".."];

Deno.test("default, ids by pattern: CR, LF, NUL and what leads elsewhere are refused wherever one is taken", async () => {
  const app = await startApp();
  const before = app.engine.headLogId;
  for (const text of UNSAFE_TEXTS) {
    const plan = { expected: [] };
    await problemOf(await app.post("/jobs", { plan, jobId: text }), 422, "invalid-request");
    const expected = [{ id: text, eventType: "a.B" }];
    await problemOf(await app.post("/jobs", { plan: { expected } }), 422, "invalid-request");
    for (const name of ["eventId", "jobId", "taskId", "executionId", "traceId", "spanId"]) {
      const event = { eventType: "a.B", [name]: text };
      await problemOf(await app.post("/events", event), 422, "invalid-request");
    }
    // A URL never holds it: whoever reads one goes a folder up.
    if (text === "..") continue;
    const path = `/jobs/${encodeURIComponent(text)}/events`;
    const response = await app.get(path);
    await response.body?.cancel();
    assert.equal(response.status, 404, path);
  }
  assert.equal(app.engine.headLogId, before, "and nothing was recorded");
});

Deno.test("default, types and labels: CR, LF and NUL are refused", async () => {
  const app = await startApp();
  const before = app.engine.headLogId;
  for (const text of ["a\rb", "a\nb", "a\0b", "a.\nB"]) {
    await problemOf(await app.post("/events", { eventType: text }), 422, "invalid-request");
    const plan = { expected: [{ id: "x", eventType: text }] };
    await problemOf(await app.post("/jobs", { plan }), 422, "invalid-request");
    const type = await app.post("/jobs", { type: text });
    assert.equal(type.status, 422);
    await type.body?.cancel();
    for (const labels of [{ [text]: "x" }, { x: text }]) {
      const body = { plan: { expected: [] }, labels };
      await problemOf(await app.post("/jobs", body), 422, "invalid-request");
    }
  }
  assert.equal(app.engine.headLogId, before, "and nothing was recorded");
});

Deno.test("default, files: no path of a URL leads to one", async () => {
  const app = await startApp();
  const paths = ["/deno.json", "/../deno.json", "/%2e%2e/deno.json", "/jobs/..%2f..%2fdeno.json"];
  for (const path of [...paths, "/.git/config", "/journal/segments", "/journal/keys"]) {
    const response = await app.get(path);
    const text = await response.text();
    assert.equal(response.status, 404, path);
    assert.ok(!text.includes("allow-net"));
  }
});

Deno.test("default, no CORS: no answer lets another origin read it, preflights included", async () => {
  const app = await startApp();
  const origin = "https://evil.example";
  for (const route of ROUTES) {
    for (const method of [route.method, "OPTIONS"]) {
      const headers = { origin, "access-control-request-method": route.method };
      const response = await ask(app, { ...route, method }, headers);
      await response.body?.cancel();
      const allowing = [...response.headers.keys()].filter((name) => name.startsWith("access-"));
      assert.deepEqual(allowing, [], `${method} ${route.path}`);
    }
  }
});

const MEDIA_TYPES = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/cloudevents+json",
];

Deno.test("default, cross-site: no unsafe method passes, whatever its content type", async () => {
  const app = await startApp();
  const before = app.engine.headLogId;
  const foreign = [
    { "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
  ];
  for (const { method, path } of ROUTES) {
    if (method === "GET") continue;
    for (const type of MEDIA_TYPES) {
      for (const headers of foreign) {
        const response = await ask(app, { method, path }, { "content-type": type, ...headers });
        await problemOf(response, 403, "cross-site");
      }
    }
  }
  assert.equal(app.engine.headLogId, before);
});

Deno.test("default, Host: no route answers for a name that is not on the list", async () => {
  const app = await startApp();
  for (const route of ROUTES) {
    const response = await ask(app, route, { host: "rebound.example" });
    await problemOf(response, 421, "wrong-host");
  }
});

/** Those of the dashboard included, as a browser gets them. */
async function askForPage(app: TestApp, route: Route): Promise<Response> {
  return await ask(app, route, { accept: "text/html" });
}

Deno.test("default, the dashboard: every page has a strict policy, that of a refusal included", async () => {
  const app = await startApp();
  let pages = 0;
  for (const route of ROUTES) {
    const { headers, body } = await askForPage(app, route);
    await body?.cancel();
    if (headers.get("content-type")?.startsWith("text/html") !== true) continue;
    assertStrictPolicy(headers.get("content-security-policy") ?? "", route.path);
    assert.equal(headers.get("cache-control"), "no-store");
    pages++;
  }
  assert.ok(pages > 0);
});

Deno.test("default, no sniffing: every answer says what it is, and may not be kept", async () => {
  const app = await startApp();
  for (const route of ROUTES) {
    const response = await ask(app, route);
    await response.body?.cancel();
    const { headers } = response;
    assert.equal(headers.get("x-content-type-options"), "nosniff", `${route.method} ${route.path}`);
    // A page would need a policy of its own: see the default about the dashboard.
    const isPage = headers.get("content-type")?.startsWith("text/html") === true;
    if (isPage) assertStrictPolicy(headers.get("content-security-policy") ?? "", route.path);
    else assert.equal(headers.get("cache-control"), "no-store");
  }
});

/** No inline script, nothing from elsewhere, in no frame. */
function assertStrictPolicy(policy: string, path: string): void {
  assert.match(policy, /default-src '(?:none|self)'/, path);
  assert.match(policy, /frame-ancestors 'none'/, path);
  assert.ok(!/unsafe-inline|unsafe-eval|\*/.test(policy), path);
}

Deno.test("default, the dashboard: a policy with inline script would be found", () => {
  assertStrictPolicy("default-src 'self'; frame-ancestors 'none'", "/");
  for (const policy of ["", "default-src 'self'", "default-src *; frame-ancestors 'none'"]) {
    assert.throws(() => assertStrictPolicy(policy, "/"));
  }
  assert.throws(() =>
    assertStrictPolicy("default-src 'self' 'unsafe-inline'; frame-ancestors 'none'", "/")
  );
});

Deno.test("default, no deep merge: keys that reach a prototype are refused on every route", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf(await app.post("/jobs", { plan: { expected: [] } }), 202);
  for (const { method, path } of API_ROUTES) {
    if (method !== "POST") continue;
    for (const key of ["__proto__", "constructor", "prototype"]) {
      const body = `{"a":{"${key}":{"polluted":true}}}`;
      const problem = await problemOf(
        await app.post(path.replace(":id", jobId), body),
        422,
        "invalid-request",
      );
      assert.match(JSON.stringify(problem), /is a key that is not allowed/, path);
    }
  }
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
