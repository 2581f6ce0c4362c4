/** Signing in to the dashboard: a token for a cookie. */

import assert from "node:assert/strict";
import { Hono } from "hono";
import { TokenList } from "../../src/access/tokens.ts";
import { clientAddress } from "../../src/http/requests/viewer.ts";
import { Sessions } from "../../src/http/requests/credentials.ts";
import { locationOf, pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { EventReader } from "../support/http/http_stream.ts";
import { HEARTBEAT_MS } from "../../src/http/stream/feed.ts";

const TOKEN = "s3cret-token-0123456789";
const HALF_A_DAY_MS = 12 * 60 * 60_000;

async function signIn(app: TestApp, token = TOKEN, next = "/ui/stream"): Promise<string> {
  const response = await submitForm(app, "/ui/sign-in", { token, next });
  assert.equal(await locationOf(response), next);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

Deno.test("sign-in: a page that needs a token redirects there and back", async () => {
  const app = await startApp({ token: TOKEN });
  const response = await app.get("/ui/nothing?state=Failed", { accept: "text/html" });
  const location = await locationOf(response);
  assert.equal(location, "/ui/sign-in?next=%2Fui%2Fnothing%3Fstate%3DFailed");
  const text = await pageOf(app, location);
  assert.ok(text.includes('name="next" value="/ui/nothing?state=Failed"'));
  assert.ok(!text.includes("Sign out"));
});

Deno.test("sign-in: a form without a valid session redirects there, where it is said that nothing was done, and back to its page", async () => {
  const app = await startApp({ token: TOKEN });
  const send = async (referer: string) =>
    await locationOf(await submitForm(app, "/ui/system/plan", {}, { referer }));
  assert.equal(
    await send("http://localhost/ui/jobs/job-1/time?at=4"),
    "/ui/sign-in?next=%2Fui%2Fjobs%2Fjob-1%2Ftime%3Fat%3D4&unsent=true",
  );
  const location = await send("http://localhost/openapi.json");
  assert.equal(location, "/ui/sign-in?next=%2F&unsent=true");
  assert.match(await pageOf(app, location), /Nothing was done: you are not signed in/);
  assert.doesNotMatch(await pageOf(app, "/ui/sign-in?next=%2F"), /Nothing was done/);
  for (const elsewhere of ["https://evil.example/ui/jobs", "http://localhost:1/ui/jobs", "", "x"]) {
    assert.equal(await send(elsewhere), "/ui/sign-in", elsewhere);
  }
});

Deno.test("sign-in: programs get 401 as JSON, with a Bearer challenge", async () => {
  const app = await startApp({ token: TOKEN });
  await problemOf(await app.get("/ui/live"), 401, "unauthorized");
  const response = await app.get("/jobs", { accept: "text/html" });
  await problemOf(response, 401, "unauthorized");
});

Deno.test("sign-in: the cookie is HttpOnly and SameSite=Strict, and holds no token", async () => {
  const app = await startApp({ token: TOKEN });
  const response = await submitForm(app, "/ui/sign-in", { token: TOKEN, next: "/" });
  const cookie = response.headers.get("set-cookie") ?? "";
  assert.match(cookie, /^daybook_session_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.ok(!JSON.stringify([...response.headers]).includes(TOKEN));
});

Deno.test("sign-in: if a proxy reports TLS, the cookie is Secure", async () => {
  const app = await startApp({ token: TOKEN });
  const fields = { token: TOKEN, next: "/" };
  const response = await submitForm(app, "/ui/sign-in", fields, {
    "x-forwarded-proto": "https",
    origin: "https://localhost",
  });
  assert.match(response.headers.get("set-cookie") ?? "", /; Secure(;|$)/);
});

Deno.test("sign-in: the cookie allows what its token allows, including JSON, and nothing else", async () => {
  const access = new TokenList([{ token: TOKEN, scopes: ["read"] }]);
  const app = await startApp({ access });
  const cookie = await signIn(app);
  await jsonOf(await app.get("/jobs", { cookie }), 200);
  const sameOrigin = { cookie, origin: "http://localhost" };
  const response = await app.post("/jobs", { plan: { expected: [] } }, sameOrigin);
  await problemOf(response, 403, "forbidden");
});

Deno.test("sign-in: the form accepts at most 4 KB, announced or not", async () => {
  const app = await startApp({ token: TOKEN });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = `token=${"x".repeat(4_096)}`;
  for (const length of [{}, { "content-length": String(body.length) }]) {
    const response = await app.post("/ui/sign-in", body, { ...headers, ...length });
    const { detail } = await problemOf(response, 413, "body-too-large");
    assert.match(detail, /it is over 4096 bytes$/);
  }
});

Deno.test("sign-in: a wrong token is refused on the page, and another can be tried", async () => {
  const app = await startApp({ token: TOKEN });
  for (const token of ["", "wrong", `${TOKEN}x`]) {
    const response = await submitForm(app, "/ui/sign-in", { token, next: "/ui/jobs" });
    assert.equal(response.headers.get("set-cookie"), null);
    const text = await pageText(response, 401);
    assert.match(text, /Cannot sign in: this is not a valid token of this server/);
    assert.ok(text.includes('value="/ui/jobs"'));
    assert.ok(token === "" || !text.includes(token));
  }
});

Deno.test("sign-in: a token without scope read opens no session, and the page says why", async () => {
  const access = new TokenList([{ token: TOKEN, scopes: ["submit", "operate"] }]);
  const app = await startApp({ access });
  const response = await submitForm(app, "/ui/sign-in", { token: TOKEN, next: "/" });
  assert.equal(response.headers.get("set-cookie"), null);
  assert.match(
    await pageText(response, 401),
    /pages need the scope read, and this token has submit, operate/,
  );
});

Deno.test("sign-in: with a cookie, a request that is not same-origin is refused", async () => {
  const app = await startApp({ token: TOKEN });
  const cookie = await signIn(app);
  const body = { plan: { expected: [] } };
  for (
    const foreign of [
      {},
      { origin: "null" },
      { origin: "http://localhost:3000" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
    ]
  ) {
    const response = await app.post("/jobs", body, { cookie, ...foreign });
    await problemOf(response, 403, "cross-site");
  }
  await jsonOf(await app.post("/jobs", body, { cookie, "sec-fetch-site": "same-origin" }), 202);
  await jsonOf(await app.post("/jobs", body, { cookie, origin: "http://localhost" }), 202);
});

Deno.test("sign-in: it never redirects to another server", async () => {
  const app = await startApp({ token: TOKEN });
  const elsewhere = ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"];
  for (const next of [...elsewhere, "/jobs", "/ui/../jobs"]) {
    const response = await submitForm(app, "/ui/sign-in", { token: TOKEN, next });
    assert.equal(await locationOf(response), "/", next);
  }
});

Deno.test("sign-in: signing out ends the session for every holder of its cookie", async () => {
  const app = await startApp({ token: TOKEN });
  const cookie = await signIn(app);
  const response = await submitForm(app, "/ui/sign-out", {}, { cookie });
  assert.equal(await locationOf(response), "/ui/sign-in");
  assert.match(response.headers.get("set-cookie") ?? "", /=; Max-Age=0; Path=\/; HttpOnly/);
  const problem = await problemOf(await app.get("/jobs", { cookie }), 401, "unauthorized");
  assert.equal(problem.detail, "Cannot take the request: its session is over");
});

Deno.test("sign-in: a stream ends with the session that opened it", async () => {
  const app = await startApp({ token: TOKEN });
  const cookie = await signIn(app);
  const reader = new EventReader(await app.get("/ui/live", { cookie }));
  await reader.chunk();
  const next = reader.chunk();
  await submitForm(app, "/ui/sign-out", {}, { cookie });
  await app.clock.advance(HEARTBEAT_MS + 1);
  assert.equal(await next, undefined);
});

Deno.test("sign-in: a session ends with its token, and after 12 hours without use", async () => {
  let scopes: readonly ["read"] | undefined = ["read"];
  const app = await startApp({ access: { holderOf: () => scopes && { scopes } } });
  const cookie = await signIn(app);
  await app.clock.advance(HALF_A_DAY_MS);
  await jsonOf(await app.get("/jobs", { cookie }), 200);
  await app.clock.advance(HALF_A_DAY_MS + 1);
  await problemOf(await app.get("/jobs", { cookie }), 401, "unauthorized");
  const later = await signIn(app);
  scopes = undefined;
  await problemOf(await app.get("/jobs", { cookie: later }), 401, "unauthorized");
});

Deno.test("sign-in: without tokens there is nothing to sign in to", async () => {
  const app = await startApp();
  const response = await app.get("/ui/sign-in?next=/ui/jobs", { accept: "text/html" });
  assert.equal(await locationOf(response), "/ui/jobs");
});

Deno.test("sign-in: failures are slowed down by address, and no token is checked meanwhile", async () => {
  const app = await startApp({ token: TOKEN });
  const attempt = (token: string, address: string) =>
    submitForm(app, "/ui/sign-in", { token, next: "/ui/jobs" }, { "x-forwarded-for": address });
  for (let failure = 0; failure < 10; failure++) {
    await pageText(await attempt("wrong", "192.0.2.1"), 401);
  }
  for (const token of ["wrong", TOKEN]) {
    const response = await attempt(token, "evil.example, 192.0.2.1");
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(response.headers.get("set-cookie"), null);
    assert.match(
      await pageText(response, 429),
      /wrong tokens came from your address; try again in 1 second\./,
    );
  }
  assert.equal(await locationOf(await attempt(TOKEN, "192.0.2.2")), "/ui/jobs");
  await app.clock.advance(1_000);
  assert.equal(await locationOf(await attempt(TOKEN, "192.0.2.1")), "/ui/jobs");
});

Deno.test("client address: it is that of the connection, or what a local proxy added; for IPv6, the network", async () => {
  const found: (string | undefined)[] = [];
  const app = new Hono().get("/", (c) => (found.push(clientAddress(c)), c.text("")));
  const from = (hostname: string | undefined, forwarded = "") =>
    app.request("/", { headers: { "x-forwarded-for": forwarded } }, {
      remoteAddr: hostname === undefined ? { path: "/socket" } : { hostname },
    });
  await from("192.0.2.1", "192.0.2.9");
  await from("127.0.0.1");
  await from("127.0.0.1", "192.0.2.8, 192.0.2.9");
  await from(undefined, "192.0.2.9");
  await from("::ffff:192.0.2.1");
  await from("2001:db8::1");
  await from("2001:0db8:0:0:1:2:3:4");
  await from("::1", "2001:db8:1::1");
  await from("127.0.0.1", ":::");
  await app.request("/");
  assert.deepEqual(found, [
    "192.0.2.1",
    undefined,
    "192.0.2.9",
    "192.0.2.9",
    "192.0.2.1",
    "2001:db8:0:0",
    "2001:db8:0:0",
    "2001:db8:1:0",
    ":::",
    undefined,
  ]);
});

Deno.test("sessions: those of one token are bounded, and the least recently used goes first", () => {
  const sessions = new Sessions(new FakeClock());
  const other = sessions.open("another token");
  const names = Array.from({ length: 100 }, () => sessions.open("token"));
  assert.equal(sessions.tokenOf(names[0] ?? ""), "token");
  for (let count = 0; count < 1_001; count++) sessions.open("reader");
  assert.equal(sessions.size, 201);
  sessions.open("token");
  assert.equal(sessions.size, 201);
  assert.equal(sessions.tokenOf(names[0] ?? ""), "token");
  assert.equal(sessions.tokenOf(names[1] ?? ""), undefined);
  assert.equal(sessions.tokenOf(other), "another token");
});

Deno.test("sessions: those of all tokens are bounded, and closed ones leave nothing", () => {
  const sessions = new Sessions(new FakeClock());
  const names = Array.from({ length: 10_001 }, (_, at) => sessions.open(`token-${at}`));
  assert.equal(sessions.size, 10_000);
  assert.equal(sessions.isOpen(names[0] ?? ""), false);
  for (const name of names) sessions.close(name);
  assert.equal(sessions.size, 0);
});
