/**
 * The security defaults of the HTTP edge, a group for each: the list is section "Security
 * defaults" of the reliability page. Finer cases are beside the code that they are about.
 */

import assert from "node:assert/strict";
import { problemOf, ROUTES, startApp, type TestApp } from "../support/http/http_app.ts";

const TOKEN = "s3cret-token-0123456789";
const BEARER = { authorization: `Bearer ${TOKEN}` };

/** Paths without a token: probes, the sign-in and its assets. */
const OPEN = [
  "GET /livez",
  "GET /readyz",
  "GET /ui/assets/:name",
  "GET /ui/sign-in",
  "POST /ui/sign-in",
  "POST /ui/sign-out",
  // The meanings of problems are public.
  "GET /problems/:kind",
];

const MEDIA_TYPES = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/cloudevents+json",
];

const FOREIGN = [
  { "sec-fetch-site": "cross-site" },
  { origin: "https://evil.example" },
  { origin: "null" },
];

async function ask(
  { app }: TestApp,
  { method, path }: { readonly method: string; readonly path: string },
  headers: Record<string, string> = {},
): Promise<Response> {
  return await app.request(path.replace(":id", "job-1"), { method, headers });
}

Deno.test("default, guard: it stands before every route", async () => {
  const app = await startApp({ token: TOKEN });
  for (const route of ROUTES) {
    const name = `${route.method} ${route.path}`;
    const statusOf = async (headers: Record<string, string>) => {
      const { status, body } = await ask(app, route, headers);
      await body?.cancel();
      return status;
    };
    assert.equal(await statusOf({}) === 401, !OPEN.includes(name), name);
    assert.equal(await statusOf({ ...BEARER, host: "rebound.example" }), 421, name);
    if (route.method === "GET") continue;
    for (const type of MEDIA_TYPES) {
      for (const foreign of FOREIGN) {
        assert.equal(await statusOf({ ...BEARER, ...foreign, "content-type": type }), 403, name);
      }
    }
  }
});

Deno.test("default, answers: each has a content type, may not be cached, and is not readable by other origins", async () => {
  const app = await startApp();
  let pages = 0;
  for (const route of ROUTES) {
    for (const method of [route.method, "OPTIONS"]) {
      const asking = { origin: "https://evil.example", accept: "text/html" };
      const { headers, body } = await ask(app, { ...route, method }, asking);
      await body?.cancel();
      const name = `${method} ${route.path}`;
      assert.ok([...headers.keys()].every((key) => !key.startsWith("access-")), name);
      assert.equal(headers.get("x-content-type-options"), "nosniff", name);
      if (!route.path.startsWith("/ui/assets/")) {
        assert.equal(headers.get("cache-control"), "no-store", name);
      }
      if (headers.get("content-type")?.startsWith("text/html") !== true) continue;
      assertStrictPolicy(headers.get("content-security-policy") ?? "", name);
      pages++;
    }
  }
  assert.ok(pages > 5);
});

const UNSAFE_TEXTS = ["a\rb", "a\nb", "a\r\nb", "a\0b", "\n", "a\u2028b", "a\x1bb", "a/b", ".."];

Deno.test("default, ids by pattern: CR, LF, NUL and path segments are refused wherever an id is accepted", async () => {
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
    // A URL cannot contain it, because parsing resolves dot segments.
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

Deno.test("default, files: no URL path leads to a file", async () => {
  const app = await startApp();
  const paths = ["/deno.json", "/../deno.json", "/%2e%2e/deno.json", "/jobs/..%2f..%2fdeno.json"];
  for (const path of [...paths, "/.git/config", "/journal/segments", "/journal/keys"]) {
    const response = await app.get(path);
    const text = await response.text();
    assert.equal(response.status, 404, path);
    assert.ok(!text.includes("allow-net"));
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
