/** Invalid requests to every page and form of the dashboard are refused properly, or done. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { headerText, hostileText, urlText } from "../support/http/arbitrary_hostile.ts";
import { rounds } from "../support/effort.ts";
import { DASHBOARD_ROUTES, type TestApp } from "../support/http/http_app.ts";
import { answerTo, startWithJobs, textOf, TOKEN } from "../support/http/fuzzed_app.ts";

const OF_A_RUN = { minLength: 20, maxLength: 40 };
const RUNS = rounds(15, 400, 5);

/** Names of fields and parameters of any page: unknown ones are ignored. */
const NAMES = [
  ...["return", "reason", "from", "to", "before", "once", "confirm", "action", "all", "job"],
  ...["event", "expectation", "again", "with", "without", "upTo", "plan", "next", "token", "at"],
  ...["type", "types", "state", "search", "label", "stratum", "only", "jobId", "step", "cursor"],
  ...["createdAfter", "createdBefore", "waiting", "failed", "failing", "startAt", "priority"],
  ...["input.name", "input", "labels", "eventType", "attributes", "occurredAt", "idempotencyKey"],
];

/** Valid and invalid values. */
const TIMES = [
  ...[
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000+23:59",
    "2026-02-30T00:00:00Z",
    "2026-01-01",
  ],
  ...[
    "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z",
    "+275760-09-13T00:00:00.001Z",
    "-000001-01-01",
  ],
  ...[
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-W01-1",
    "now",
    "1767225600000",
  ],
  ...["2026-01-01T00:00", "2026-01-01t00:00:00z", "2026-01-01 00:00:00", "٢٠٢٦-٠١-٠١", "Infinity"],
];

const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, {
  weight: 1,
  arbitrary: hostileText,
});
const value = fc.oneof(
  hostileText,
  fc.constantFrom(...TIMES),
  fc.constantFrom(
    "1",
    "3",
    "999",
    "cancel",
    "retry",
    "suspend",
    "on",
    "{}",
    "[]",
    '{"expected":[]}',
  ),
  fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json)),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 });
const headers = fc.array(
  fc.tuple(
    fc.constantFrom("referer", "accept", "accept-language", "cookie", "x-forwarded-for", "prefer"),
    headerText,
  ),
  { maxLength: 3 },
);
const request = fc.record({ route: fc.nat(), part: fc.nat(9), id: urlText, fields, headers });

type DashboardRequest = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** Mostly an existing job, event type or page. */
function pathOf(app: TestApp, path: string, { part, id }: DashboardRequest): string {
  const { jobs } = app.engine.lists.page({ limit: 100 });
  const known = path.includes("/jobs/") ? jobs[part % jobs.length]?.jobId : "test.greet";
  return path.replaceAll(/:\w+/g, part === 9 ? id : known ?? id);
}

function requestFor(app: TestApp, cookie: string, made: DashboardRequest): Request {
  const routes = DASHBOARD_ROUTES;
  const { method, path } = routes[made.route % routes.length] ?? { method: "GET", path: "/ui" };
  // A lone surrogate never reaches the server.
  const pairs = made.fields.map((pair) => pair.map((text) => text.toWellFormed()));
  const text = new URLSearchParams(pairs).toString();
  const url = `http://localhost${pathOf(app, path, made)}${method === "GET" ? `?${text}` : ""}`;
  const all = new Headers({ accept: "text/html", cookie, origin: "http://localhost" });
  for (const [header, content] of made.headers) all.set(header, content);
  if (method === "GET") return new Request(url, { headers: all });
  all.set("content-type", "application/x-www-form-urlencoded");
  return new Request(url, { method, headers: all, body: text });
}

async function signedIn(app: TestApp): Promise<string> {
  const response = await app.app.request("/ui/sign-in", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token: TOKEN }).toString(),
  });
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

const STATUSES = new Set([
  200,
  303,
  304,
  400,
  401,
  403,
  404,
  405,
  408,
  409,
  410,
  413,
  415,
  422,
  429,
]);

Deno.test("dashboard fuzz: no page and no form fails, shows a token, or leads elsewhere", async () => {
  const met = new Map<string, Set<number>>();
  const run = fc.asyncProperty(fc.array(request, OF_A_RUN), async (all) => {
    const defects: unknown[] = [];
    const app = await startWithJobs({ onError: (error) => void defects.push(error) });
    let cookie = await signedIn(app);
    for (const made of all) {
      const asked = requestFor(app, cookie, made);
      const said = `${asked.method} ${asked.url} ${JSON.stringify(made.fields)}`;
      const response = await answerTo(app, asked);
      const text = await textOf(response);
      assert.deepEqual(defects, [], said);
      assert.ok(STATUSES.has(response.status), `${response.status} for ${said}`);
      const head = [...response.headers].flat().join("\n");
      assert.ok(!text.includes(TOKEN) && !head.includes(TOKEN), `the token is shown: ${said}`);
      assert.ok(!/^[^/]|^\/[/\\]/.test(response.headers.get("location") ?? "/"), head);
      const path = new URL(asked.url).pathname.split("/").slice(0, 3).join("/");
      const place = `${asked.method} ${path}`;
      if (place === "POST /ui/sign-out") cookie = await signedIn(app);
      met.set(place, (met.get(place) ?? new Set()).add(response.status));
    }
    assert.equal((await answerTo(app, new Request("http://localhost/livez"))).status, 200);
  });
  await fc.assert(run, { numRuns: RUNS });
  const acted = [...met].filter(([place, statuses]) => /^POST/.test(place) && statuses.has(303));
  assert.ok(acted.length >= rounds(2, 2, 1), `only done: ${acted.join()}`);
});
