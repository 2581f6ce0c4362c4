/** Tokens, origins and host names of requests. */

import assert from "node:assert/strict";
import {
  API_ROUTES,
  bearer,
  jsonOf,
  problemOf,
  ROUTES,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import {
  type Access,
  type Holder,
  type Scope,
  SCOPES,
  TokenList,
} from "../../src/access/tokens.ts";
import type { Route } from "../../src/http/routing/route.ts";
import { EventReader } from "../support/http/http_stream.ts";

const TOKEN = "s3cret-token";

for (const path of ["/", "/jobs", "/jobs/x", "/events", "/stream", "/journal", "/nowhere"]) {
  Deno.test(`token: ${path} is 401 without it`, async () => {
    const app = await startApp({ token: TOKEN });
    const response = await app.get(path);
    assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="daybook"');
    const { detail } = await problemOf(response, 401, "unauthorized");
    assert.match(detail, /no bearer token; send Authorization: Bearer and the token$/);
  });
}

const WRONG_CREDENTIALS = [
  "",
  "Bearer",
  "Bearer wrong",
  `Basic ${TOKEN}`,
  `Bearer ${TOKEN}x`,
  TOKEN,
];

for (const authorization of WRONG_CREDENTIALS) {
  Deno.test(`token: Authorization "${authorization}" is 401 and does not repeat it`, async () => {
    const app = await startApp({ token: TOKEN });
    const problem = await problemOf(await app.get("/jobs", { authorization }), 401, "unauthorized");
    assert.ok(!JSON.stringify(problem).includes(TOKEN));
  });
}

Deno.test("token: with it everything is allowed, and the scheme may be in any case", async () => {
  const app = await startApp({ token: TOKEN });
  for (const scheme of ["Bearer", "bearer"]) {
    await jsonOf(await app.get("/jobs", { authorization: `${scheme} ${TOKEN}` }), 200);
  }
});

Deno.test("token: in a URL it is ignored", async () => {
  const app = await startApp({ token: TOKEN });
  await problemOf(await app.get(`/jobs?token=${TOKEN}`), 401, "unauthorized");
});

Deno.test("token: the probes need none", async () => {
  const app = await startApp({ token: TOKEN });
  for (const path of ["/livez", "/readyz"]) await jsonOf(await app.get(path), 200);
});

const FOREIGN: readonly Record<string, string>[] = [
  { "sec-fetch-site": "cross-site" },
  { origin: "https://evil.example" },
  { origin: "http://localhost:3000" },
  { origin: "null" },
];

for (const headers of FOREIGN) {
  Deno.test(`cross-site: a POST with ${JSON.stringify(headers)} is 403`, async () => {
    const app = await startApp();
    for (const path of ["/jobs", "/events", "/jobs/x/cancel"]) {
      const problem = await problemOf(await app.post(path, {}, headers), 403, "cross-site");
      assert.match(problem.detail, /^Cannot take the request: its .*a page of another site; call /);
    }
  });
}

Deno.test("cross-site: a page of this server may write, and any page may send reads", async () => {
  const app = await startApp();
  const own = { origin: "http://localhost", "sec-fetch-site": "same-origin" };
  await jsonOf(await app.post("/jobs", { plan: { expected: [] } }, own), 202);
  await jsonOf(await app.get("/jobs", { "sec-fetch-site": "cross-site" }), 200);
});

Deno.test("cross-site: the browser's Sec-Fetch-Site takes precedence over a Host that a proxy set", async () => {
  const app = await startApp();
  const behindProxy = { host: "127.0.0.1:8000", origin: "https://daybook.test" };
  const sameOrigin = { ...behindProxy, "sec-fetch-site": "same-origin" };
  await jsonOf(await app.post("/jobs", { plan: { expected: [] } }, sameOrigin), 202);

  for (const site of [undefined, "same-site", "cross-site", "none"]) {
    const headers = site === undefined ? behindProxy : { ...behindProxy, "sec-fetch-site": site };
    const { detail } = await problemOf(await app.post("/jobs", {}, headers), 403, "cross-site");
    const told = ['Origin is "https://daybook.test"', 'Host "127.0.0.1:8000"'];
    for (const what of [...told, "proxy_set_header Host", "--allowed-hosts=daybook.test"]) {
      assert.ok(detail.includes(what), `${what} in: ${detail}`);
    }
  }
});

Deno.test("cross-site: a page with a rebound DNS name is 421, although it is same-origin", async () => {
  const app = await startApp();
  const headers = {
    host: "evil.example:8000",
    origin: "http://evil.example:8000",
    "sec-fetch-site": "same-origin",
  };
  await problemOf(await app.post("/jobs", {}, headers), 421, "wrong-host");
});

Deno.test("cross-site: no answer allows another origin", async () => {
  const app = await startApp();
  const response = await app.get("/jobs", { origin: "https://evil.example" });
  await response.text();
  assert.equal(response.headers.get("access-control-allow-origin"), null);
});

const FOREIGN_HOSTS = [
  ["evil.example", "--allowed-hosts=evil.example"],
  ["localhost.evil.example", "--allowed-hosts=localhost.evil.example"],
  ["127.0.0.1.nip.io:8000", "--allowed-hosts=127.0.0.1.nip.io"],
  ["$(reboot)", "'--allowed-hosts=$(reboot)'"],
  ["", "--allowed-hosts"],
] as const;

for (const [host, flag] of FOREIGN_HOSTS) {
  Deno.test(`host: "${host}" is 421, with its name and the flag`, async () => {
    const app = await startApp();
    const { detail } = await problemOf(await app.get("/jobs", { host }), 421, "wrong-host");
    assert.equal(
      detail,
      `Cannot answer for the Host "${host}": it is not on the list of hosts; if it is a name ` +
        `of this server, start Daybook with ${flag}`,
    );
  });
}

const NO_HOSTS = ["127.0.0.1:99999", "127.0.0.1:x", "a b", "localhost/x", "u@localhost", "[::1"];

for (const host of NO_HOSTS) {
  Deno.test(`host: "${host}" is 400, whatever hosts are served, and is not logged`, async () => {
    const logged: Error[] = [];
    const onError = (error: Error) => void logged.push(error);
    for (const allowedHosts of [[], "any"] as const) {
      const { app } = await startApp({ allowedHosts, onError });
      for (const path of ["/jobs", "/livez", "/nowhere", "/ui/jobs"]) {
        // As the server derives it from the header.
        const request = new Request(`http://localhost${path}`, { headers: { host } });
        Object.defineProperty(request, "url", { value: `http://${host}${path}` });
        await problemOf(await app.fetch(request), 400, "malformed-host");
      }
    }
    assert.deepEqual(logged, []);
  });
}

const OWN_HOSTS = ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"];

for (const host of [...OWN_HOSTS, "daybook.test:80", "[fd00::1]:80"]) {
  Deno.test(`host: ${host} is served`, async () => {
    const app = await startApp({ allowedHosts: ["Daybook.test", "fd00::1"] });
    await jsonOf(await app.get("/jobs", { host }), 200);
  });
}

Deno.test("host: a target that names another host is 421, whatever its Host header says", async () => {
  const { app } = await startApp();
  const headers = { host: "127.0.0.1" };
  await problemOf(await app.request("http://evil.example/jobs", { headers }), 421, "wrong-host");
  await jsonOf(await app.request("http://127.0.0.1/jobs", { headers }), 200);
  await jsonOf(await app.request("http://localhost:8000/jobs", { headers }), 200);
});

// Tokens with scopes: the scope of each route, and the answer without it.

const TOKENS: Readonly<Record<Scope, string>> = {
  read: "read-token-0123456789",
  submit: "submit-token-0123456789",
  operate: "operate-token-0123456789",
};

async function startWithTokens(): Promise<TestApp> {
  const tokens = SCOPES.map((scope) => ({ token: TOKENS[scope], scopes: [scope] }));
  return await startApp({ access: new TokenList(tokens) });
}

async function ask({ app }: TestApp, { method, path }: Route, token: string): Promise<Response> {
  return await app.request(path.replace(":id", "job-1"), { method, headers: bearer(token) });
}

Deno.test("routes: the app serves exactly those of the list, each once, and loads the dashboard when it is asked for", async () => {
  const { app } = await startApp();
  assert.ok(!app.routes.some(({ path }) => path.startsWith("/ui/")));
  await Promise.all([app.request("/"), app.request("/ui/jobs"), app.request("/nothing")]);
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
  const app = await startApp({ access });
  const reader = new EventReader(await app.get("/stream", bearer(TOKENS.read)));
  await reader.chunk();
  const next = reader.chunk();
  await app.clock.settle();
  access.scopes = undefined;
  await app.clock.advance(15_000);

  assert.equal(await next, undefined);
});
