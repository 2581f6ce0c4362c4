/** `GET /jobs/:id/explain`. */

import assert from "node:assert/strict";
import type { Citation, Explanation } from "../../src/explain/statements/explanation.ts";
import { curlCall } from "../../src/explain/open/requests_to_send.ts";
import { rounds } from "../support/effort.ts";
import { createPlan, jsonOf, problemOf, startApp } from "../support/http/http_app.ts";

type Step = Explanation<Citation>["next"][number] & { readonly curl?: string };
type Body = Omit<Explanation<Citation>, "next"> & { readonly next: readonly Step[] };

Deno.test("GET /jobs/:id/explain: JSON has every part of the design, with resolved citations", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { jobId: "order-42" });
  await app.post("/events", {
    eventType: "shop.ParcelShipped",
    jobId,
    eventId: "parcel-7",
    attributes: { orderId: 42 },
  });

  const body = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`), 200);

  assert.equal(
    body.summary,
    'Job order-42 is waiting for "shipped" (shop.ParcelShipped), 0 of 1: ' +
      "shop.ParcelShipped came at 2026-01-01T00:00:00.000Z and did not count: " +
      'orderId: expected "42" (text), found 42 (number).',
  );
  const [waiting] = body.waitingFor;
  assert.deepEqual(waiting?.nearMisses, [{
    likeness: "form",
    statement: "shop.ParcelShipped came at 2026-01-01T00:00:00.000Z and did not count: " +
      'orderId: expected "42" (text), found 42 (number).',
    clauses: [{ path: "orderId", expected: '"42"', found: "42", close: true }],
    attributes: { orderId: 42 },
    cites: [{
      logId: 4,
      segment: "00000000000000000001.ndjson",
      line: 6,
      eventId: "parcel-7",
      eventType: "shop.ParcelShipped",
    }],
  }]);
  assert.deepEqual(Object.keys(body).toSorted(), [
    ...["asOf", "because", "completed", "condition", "jobId", "next", "state", "summary"],
    ...["timing", "waitingFor"],
  ]);
  assert.deepEqual([body.state, body.condition, body.asOf], ["Running", "waiting", 4]);
});

Deno.test("GET /jobs/:id/explain: each action is a curl call that performs it", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const body = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`), 200);
  const step = body.next.find(({ action }) => action?.path === "/events");

  assert.equal(
    step?.curl,
    "curl -s http://localhost/events -H 'content-type: application/json' -d " +
      `'{"eventType":"shop.ParcelShipped","jobId":"${jobId}","attributes":{"orderId":"42"}}'`,
  );
  await jsonOf(await app.post("/events", step?.action?.body), 200);
  const after = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`), 200);
  assert.equal(after.condition, "succeeded");
});

Deno.test("GET /jobs/:id/explain: behind a TLS proxy, its calls go to the proxy", async () => {
  const app = await startApp({ allowedHosts: ["jobs.example"] });
  const { jobId } = await createPlan(app);
  const headers = { host: "jobs.example", "x-forwarded-proto": "https" };
  const body = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`, headers), 200);
  const calls = body.next.flatMap(({ curl = "" }) => curl.match(/https?:\/\/[^/]+/g) ?? []);
  assert.ok(calls.length > 0);
  assert.deepEqual(new Set(calls), new Set(["https://jobs.example"]));
});

Deno.test("GET /jobs/:id/explain: behind a proxy that changes Host, its calls go to the proxy", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const originsWith = async (forwarded: string) => {
    const headers = { "x-forwarded-proto": "https", "x-forwarded-host": forwarded };
    const body = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`, headers), 200);
    const calls = body.next.flatMap(({ curl = "" }) => curl.match(/https?:\/\/[^/ ]+/g) ?? []);
    return [...new Set(calls)];
  };
  assert.deepEqual(await originsWith("jobs.example:8443, 10.0.0.1"), ["https://jobs.example:8443"]);
  assert.deepEqual(await originsWith("x' -d @/etc/passwd '"), ["https://localhost"]);
});

Deno.test("GET /jobs/:id/explain: prose by Accept or by format, the same each time", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const byAccept = await app.get(`/jobs/${jobId}/explain`, { accept: "text/plain" });
  const byFormat = await app.get(`/jobs/${jobId}/explain?format=text`);

  assert.equal(byAccept.headers.get("content-type"), "text/plain; charset=utf-8");
  const text = await byAccept.text();
  assert.match(text, /^Job \S+ is waiting for "shipped"/);
  assert.equal(await byFormat.text(), text);
  const json = await app.get(`/jobs/${jobId}/explain?format=json`, { accept: "text/plain" });
  assert.equal(json.headers.get("content-type"), "application/json");
  await json.body?.cancel();
});

Deno.test("GET /jobs/:id/explain: a compensating job waits for nothing in its plan", async () => {
  const app = await startApp();
  const plan = {
    expected: [{ id: "paid", eventType: "shop.Paid" }],
    policy: {
      errors: [{ eventType: "shop.OrderCancelled" }],
      compensation: {
        succeeded: { eventType: "shop.Refunded" },
        failed: { eventType: "shop.RefundFailed" },
      },
    },
  };
  await app.post("/jobs", { jobId: "order-42", plan });
  await app.post("/events", { eventType: "shop.OrderCancelled", jobId: "order-42" });

  const body = await jsonOf<Body>(await app.get("/jobs/order-42/explain"), 200);

  assert.equal(body.condition, "compensating");
  assert.deepEqual(body.waitingFor.map(({ expectation, eventType }) => [expectation, eventType]), [
    ["compensation succeeded", "shop.Refunded"],
    ["compensation failed", "shop.RefundFailed"],
  ]);
});

Deno.test("GET /jobs/:id/explain: very many expectations and near misses are summarized", async () => {
  const app = await startApp();
  const expected = Array.from({ length: rounds(500, 1_000, 300) }, (_, n) => ({
    id: `part-${n}`,
    eventType: "shop.PartArrived",
    correlation: { equals: { n, region: "EU" } },
  }));
  await app.post("/jobs", { jobId: "many", plan: { expected } });
  const events = expected.map((_, n) => ({
    eventType: "shop.PartArrived",
    jobId: "many",
    attributes: { n: `${n}`, region: "EU" },
  }));
  await app.post("/events", events);

  const response = await app.get("/jobs/many/explain?format=text");

  const lines = (await response.text()).split("\n");
  assert.ok(lines.length < 100, `${lines.length} lines`);
  assert.ok(lines.every((line) => line.length < 250));
});

Deno.test("curl: the token comes from the environment, never from the text", () => {
  const action = { method: "POST", path: "/jobs/job/retry" } as const;
  assert.equal(
    curlCall(action, "http://127.0.0.1:8000", true),
    'curl -s -H "authorization: Bearer $DAYBOOK_TOKEN" -X POST http://127.0.0.1:8000/jobs/job/retry',
  );
});

Deno.test("curl: a body with quotation marks reaches the server unchanged", async () => {
  const body = { attributes: { note: "it's $HOME `date` \\ !" } };
  const command = curlCall({ method: "POST", path: "/events", body }, "http://[::1]:8000", false);
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", command.replace(/^curl/, "printf '%s\\n'")],
  }).output();
  const words = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assert.deepEqual(words, [
    "-s",
    "http://[::1]:8000/events",
    "-H",
    "content-type: application/json",
    "-d",
    JSON.stringify(body),
  ]);
});

Deno.test("curl: a body has no control characters for the terminal, and reaches the server unchanged", () => {
  const body = { attributes: { "\x9b31m": "\u202e\u061c\x7f\u200b\u{e0001}\x1b[2J" } };
  const command = curlCall({ method: "POST", path: "/events", body }, "http://[::1]:8000", false);

  assert.match(command, /^[\x20-\x7e]+$/);
  assert.deepEqual(JSON.parse(/-d '(.*)'$/.exec(command)?.[1] ?? ""), body);
});

Deno.test("curl: a body with a placeholder is refused until it is filled in, and has no control characters", async () => {
  const app = await startApp();
  const attributes = { tracking: '<such as "T-1">', note: "<such as \x1b[2J>" };
  const body = { eventType: "shop.ParcelShipped", attributes };
  const action = { method: "POST", path: "/events", body, placeholders: ["/attributes/tracking"] };
  const command = curlCall(action as Parameters<typeof curlCall>[0], "http://[::1]:8000", false);

  assert.match(command, /^[\x20-\x7e]+$/);
  const data = /-d '(.*)'$/.exec(command)?.[1] ?? "";
  assert.match(data, /"tracking":<such as "T-1">,/);
  await problemOf(await app.post("/events", data), 400, "malformed-json");
});

Deno.test("GET /jobs/:id/explain: with very many expectations it does not claim that nothing came", async () => {
  const app = await startApp();
  const numbers = Array.from({ length: 25 }, (_, number) => number);
  const plan = {
    expected: numbers.map((number) => ({
      id: `e${number}`,
      eventType: `shop.Paid${number}`,
      correlation: { equals: { orderId: "42" } },
    })),
  };
  const { jobId } = await createPlan(app, { plan });
  await app.post(
    "/events",
    numbers.map((number) => ({ eventType: `shop.Paid${number}`, attributes: { orderId: 42 } })),
  );

  const { waitingFor } = await jsonOf<Body>(await app.get(`/jobs/${jobId}/explain`), 200);

  assert.equal(waitingFor.length, 25);
  for (const { statement, nearMisses } of waitingFor) {
    assert.doesNotMatch(statement, /No event of this type has come/);
    if (nearMisses.length === 0) assert.match(statement, /was not looked up/);
  }
});

Deno.test("GET /jobs/:id/explain: a long job is summed up, and the answer says so", async () => {
  const app = await startApp();
  const expected = Array.from({ length: 300 }, (_, n) => ({
    id: `e${n}`,
    eventType: "shop.Happened",
    correlation: n === 0 ? "any" : { equals: { kind: `kind ${n}` } },
    multiplicity: { times: 6_000 },
  }));
  const { jobId } = await createPlan(app, { plan: { expected } });
  for (let batch = 0; batch < 6; batch++) {
    const events = Array.from({ length: 1_000 }, () => ({ eventType: "shop.Happened", jobId }));
    await jsonOf(await app.post("/events", events), 200);
  }
  const explanation = await jsonOf<{
    readonly summary: string;
    readonly waitingFor: readonly object[];
    readonly summedUp: { entries: { count: number }; waitingFor: number };
  }>(await app.get(`/jobs/${jobId}/explain`), 200);
  assert.match(explanation.summary, /"e1" \(shop\.Happened\), 0 of 6,000, .* and 294 more[,:] /);
  assert.equal(explanation.waitingFor.length, 200);
  assert.equal(explanation.summedUp.waitingFor, 99);
  assert.equal(explanation.summedUp.entries.count, 6_002 - 5_000);

  const text = await (await app.get(`/jobs/${jobId}/explain?format=text`)).text();
  assert.match(
    text,
    /\nSummed up\n(?: {2}- \d+ more reasons.*\n)? {2}- 1,?002 entries from \d+ to \d+ are included, but not/,
  );
  assert.match(text, /\n {2}- 99 more expectations are open\.\n/);
});
