/** Tokens with scopes: the scope of each route, and the answer without it. */

import assert from "node:assert/strict";
import {
  type Access,
  type Holder,
  type Scope,
  SCOPES,
  TokenList,
} from "../../src/access/tokens.ts";
import type { Route } from "../../src/http/route.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { API_ROUTES } from "../support/http/app_routes.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { EventReader } from "../support/http/http_stream.ts";

const TOKENS: Readonly<Record<Scope, string>> = {
  read: "read-token-0123456789",
  submit: "submit-token-0123456789",
  operate: "operate-token-0123456789",
};

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

async function startWithTokens(): Promise<TestApp> {
  const tokens = SCOPES.map((scope) => ({ token: TOKENS[scope], scopes: [scope] }));
  return await startApp({ access: new TokenList(tokens) });
}

async function ask({ app }: TestApp, { method, path }: Route, token: string): Promise<Response> {
  return await app.request(path.replace(":id", "job-1"), { method, headers: bearer(token) });
}

Deno.test("routes: the app serves exactly those of the list, each once", async () => {
  const { app } = await startApp();
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  const served = app.routes.map(nameOf);
  assert.deepEqual(served, ROUTES.map(nameOf));
  assert.equal(new Set(served).size, served.length);
});

Deno.test("scopes: reads need read, submissions submit, and the rest operate", () => {
  for (const route of API_ROUTES) {
    const { method, path, scope } = route;
    const isTelling = (method === "GET" && !path.endsWith("/input")) || path.endsWith("/what-if");
    const isBringing = path === "/jobs" || path === "/events";
    const expected = isTelling ? "read" : isBringing ? "submit" : "operate";
    const isProbe = path === "/livez" || path === "/readyz";
    assert.equal(scope, isProbe ? "open" : expected, `${method} ${path}`);
  }
});

Deno.test("scopes: each route accepts a token with its scope, and every other one is 403", async () => {
  const app = await startWithTokens();
  for (const route of API_ROUTES) {
    const needed = route.scope;
    if (needed === "open") continue;
    for (const scope of SCOPES) {
      const response = await ask(app, route, TOKENS[scope]);
      if (scope === needed) {
        assert.ok(![401, 403].includes(response.status), `${route.method} ${route.path}`);
        await response.body?.cancel();
        continue;
      }
      const problem = await problemOf(response, 403, "forbidden");
      assert.equal(
        problem.detail,
        `Cannot take the request: it needs the scope ${needed}, and its token has ${scope}`,
      );
    }
  }
});

Deno.test("scopes: a 403 names the scope that is needed and those that the token has", async () => {
  const app = await startWithTokens();
  const response = await app.get("/jobs", bearer(TOKENS.submit));
  assert.equal(
    response.headers.get("www-authenticate"),
    'Bearer realm="daybook", error="insufficient_scope", scope="read"',
  );
  const problem: unknown = await problemOf(response, 403, "forbidden");
  const { neededScope, scopes } = problem as { neededScope: string; scopes: string[] };
  assert.deepEqual([neededScope, scopes], ["read", ["submit"]]);
  assert.ok(!JSON.stringify(problem).includes(TOKENS.submit));
});

Deno.test("scopes: HEAD needs what GET needs, and an unknown path needs any token", async () => {
  const app = await startWithTokens();
  const head = async (token: string) =>
    (await app.app.request("/jobs", { method: "HEAD", headers: bearer(token) })).status;
  assert.deepEqual([await head(TOKENS.read), await head(TOKENS.operate)], [200, 403]);
  await problemOf(await app.get("/nowhere", bearer(TOKENS.submit)), 404, "not-found");
  await problemOf(await app.get("/nowhere", bearer("no-such-token-at-all")), 401, "unauthorized");
});

Deno.test("scopes: none implies another", async () => {
  const app = await startApp({
    access: new TokenList([{ token: TOKENS.operate, scopes: ["operate", "read"] }]),
  });
  await jsonOf(await app.get("/jobs", bearer(TOKENS.operate)), 200);
  const refused = await app.post("/jobs", { plan: { expected: [] } }, bearer(TOKENS.operate));
  await problemOf(refused, 403, "forbidden");
});

/** Tokens that a test can remove. */
class ChangingAccess implements Access {
  scopes: readonly Scope[] | undefined = SCOPES;

  holderOf(token: string): Holder | undefined {
    const scopes = token === TOKENS.read ? this.scopes : SCOPES;
    return scopes === undefined ? undefined : { scopes };
  }
}

for (const left of [undefined, ["submit"]] as const) {
  Deno.test(`scopes: an open stream ends before its next entry when its token has ${left ?? "been removed"}`, async () => {
    const access = new ChangingAccess();
    const app = await startApp({ access });
    const reader = new EventReader(await app.get("/stream", bearer(TOKENS.read)));
    await reader.chunk();
    const next = reader.chunk();
    await app.clock.settle();
    access.scopes = left;
    const brought = await app.post("/events", { eventType: "a.B" }, bearer(TOKENS.submit));
    await jsonOf(brought, 200);

    assert.equal(await next, undefined);
  });
}

Deno.test("scopes: an idle stream whose token was removed ends at the next heartbeat", async () => {
  const access = new ChangingAccess();
  const app = await startApp({ access, heartbeatMs: 15_000 });
  const reader = new EventReader(await app.get("/stream", bearer(TOKENS.read)));
  await reader.chunk();
  const next = reader.chunk();
  await app.clock.settle();
  access.scopes = undefined;
  await app.clock.advance(15_000);

  assert.equal(await next, undefined);
});
