/** The application as a whole: its index, and its answers when things fail. */

import assert from "node:assert/strict";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import {
  createPlan,
  jsonOf,
  type ProblemBody,
  problemOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";

Deno.test("GET /: every link works", async () => {
  const app = await startApp();
  const { links } = await jsonOf<{ links: Record<string, string> }>(await app.get("/"), 200);
  for (const path of Object.values(links)) {
    assert.equal((await app.app.request(path, { method: "HEAD" })).status, 200, path);
  }
});

Deno.test("GET /definitions: types, versions and input schemas", async () => {
  const app = await startApp();
  const body = await jsonOf<{ definitions: Record<string, unknown>[] }>(
    await app.get("/definitions"),
    200,
  );
  const greet = body.definitions.find(({ type }) => type === "test.greet");
  assert.equal(greet?.["version"], 3);
  assert.equal((greet?.["inputSchema"] as { type: string }).type, "object");
});

Deno.test("GET /journal: it has the head, segments and the result of the recovery", async () => {
  const app = await startApp();
  await createPlan(app);
  const info = await jsonOf<Record<string, unknown>>(await app.get("/journal"), 200);
  assert.deepEqual(Object.keys(info).toSorted(), [
    ...[
      "bytes",
      "head",
      "index",
      "lastRecovery",
      "lastSnapshot",
      "lastVerification",
      "proof",
      "segments",
      "verificationRun",
    ],
  ]);
  assert.deepEqual(info["head"], app.journal.head);
});

for (
  const path of ["/nowhere", "/jobs/", "/jobs/x/", "/jobs/x/explode", "/Jobs", "//jobs", "/%0A"]
) {
  Deno.test(`unknown path: ${path} is 404 with its path as instance`, async () => {
    const app = await startApp();
    const problem = await problemOf(await app.get(path), 404, "not-found");
    assert.equal(problem.instance, path);
  });
}

Deno.test("unknown path: the answer says where the routes are listed, and which one may be meant", async () => {
  const app = await startApp();
  const list = "GET /openapi.json lists the routes";
  for (
    const [path, advice] of [
      ["/nowhere", `; ${list}`],
      ["/x", `; ${list}`],
      ["/job/order-7", `; did you mean /jobs/order-7? ${list}`],
      ["/Jobs", `; did you mean /jobs? ${list}`],
      ["/jobs/7/explian", `; ${list}`],
      ["/jobs/7/event", `; did you mean /jobs/7/events? ${list}`],
    ] as const
  ) {
    const { detail } = await problemOf(await app.get(path), 404, "not-found");
    assert.equal(detail, `Cannot find anything at this path${advice}`);
  }
});

Deno.test("HEAD: it has the headers of GET, and no other length", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => app.app.fetch(request),
  );
  const headers = async (method: string, path: string, accept: string) => {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}${path}`, {
      method,
      headers: { accept },
      redirect: "manual",
    });
    await response.body?.cancel();
    const { "content-length": length, ...others } = Object.fromEntries(response.headers);
    for (const name of ["date", "transfer-encoding"]) delete others[name];
    return { length, others: { status: response.status, ...others } };
  };
  const job = `/jobs/${jobId}`;
  for (
    const [path, accept = "*/*"] of [
      ...[["/"], ["/jobs"], [job], [`${job}/events`], [`${job}/stream`], ["/stream"]],
      ...[["/events", "application/x-ndjson"], [`${job}/explain`, "text/plain"], ["/livez"]],
      ...[["/", "text/html"], [`/ui${job}`, "text/html"], ["/jobs/", "text/html"], ["/ui"]],
      ...[["/openapi.json"], ["/metrics"], ["/nowhere"], ["/jobs/x"], ["/jobs?limit=x"]],
    ] as [string, string?][]
  ) {
    const get = await headers("GET", path, accept);
    const head = await headers("HEAD", path, accept);
    assert.deepEqual(head.others, get.others, path);
    if (head.length !== undefined) assert.equal(head.length, get.length, path);
  }
});

const METHODS: readonly (readonly [string, string, string])[] = [
  ["DELETE", "/jobs", "POST, GET, HEAD"],
  ["PUT", "/jobs/x", "GET, HEAD"],
  ["GET", "/jobs/x/cancel", "POST"],
  ["OPTIONS", "/events", "POST, GET, HEAD"],
  ["POST", "/stream", "GET, HEAD"],
];

for (const [method, path, allow] of METHODS) {
  Deno.test(`wrong method: ${method} ${path} is 405 with the allowed methods`, async () => {
    const { app } = await startApp();
    const response = await app.request(path, { method });
    assert.equal(response.headers.get("allow"), allow);
    await problemOf(response, 405, "method-not-allowed");
  });
}

/** Sends one write of each kind. */
async function writesOf(app: TestApp, jobId: string): Promise<readonly Response[]> {
  return [
    await app.post("/jobs", { plan: shipmentPlan("1") }),
    await app.post("/events", { eventType: "a.B" }),
    await app.post("/events", [{ eventType: "a.B" }]),
    await app.post(`/jobs/${jobId}/cancel`),
  ];
}

Deno.test("full disk: a write is 507 with nothing recorded, reads continue, and service recovers", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const head = app.engine.headLogId;
  app.journal.failNext(new JournalFullError("no room"));
  const response = await app.post("/events", { eventType: "a.B" });
  assert.equal(response.headers.get("retry-after"), "5");
  await problemOf(response, 507, "disk-full");
  await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  assert.equal(app.engine.headLogId, head);
  await jsonOf(await app.post("/events", { eventType: "a.B" }), 200);
});

Deno.test("failed journal: writes are 503 with an unknown outcome, and reads continue", async () => {
  const errors: Error[] = [];
  const app = await startApp({ onError: (error) => errors.push(error) });
  const { jobId } = await createPlan(app);
  app.journal.failNext(new JournalFailedError("sync failed"));
  for (const response of await writesOf(app, jobId)) {
    assert.equal(response.headers.get("retry-after"), "5");
    const { detail } = await problemOf(response, 503, "outcome-unknown");
    assert.match(detail, /outcome is unknown.*same Idempotency-Key/);
  }
  await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  await problemOf(await app.get("/readyz"), 503, "not-ready");
  await jsonOf(await app.get("/livez"), 200);
  assert.deepEqual(errors, []);
});

Deno.test("/readyz: a write without room makes it 503, until one succeeds or some time has passed", async () => {
  const app = await startApp();
  app.journal.failNext(new JournalFullError("no room"));
  await problemOf(await app.post("/events", { eventType: "ec.Paid" }), 507, "disk-full");
  await problemOf(await app.get("/readyz"), 503, "not-ready");
  await jsonOf(await app.get("/jobs"), 200);

  await jsonOf(await app.post("/events", { eventType: "ec.Paid" }), 200);
  await jsonOf(await app.get("/readyz"), 200);

  app.journal.failNext(new JournalFullError("no room"));
  await problemOf(await app.post("/events", { eventType: "ec.Paid" }), 507, "disk-full");
  await app.clock.advance(10_000);
  await jsonOf(await app.get("/readyz"), 200);
});

Deno.test("stopping: writes are 503 with Retry-After, and reads continue", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await jsonOf(await app.get("/readyz"), 200);
  const stopped = app.engine.stop(0);
  for (const response of await writesOf(app, jobId)) {
    assert.equal(response.headers.get("retry-after"), "5");
    await problemOf(response, 503, "draining");
  }
  await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  await problemOf(await app.get("/readyz"), 503, "draining");
  await jsonOf(await app.get("/livez"), 200);
  await app.clock.advance(0);
  await stopped;
});

Deno.test("unexpected error: it is 500 without internals, and is passed to onError", async () => {
  const errors: Error[] = [];
  const app = await startApp({ onError: (error) => errors.push(error) });
  app.engine.lists.summaries = () => {
    throw new RangeError("secret internals");
  };
  const problem: ProblemBody = await problemOf(await app.get("/jobs"), 500, "internal");
  assert.ok(!JSON.stringify(problem).includes("secret"));
  assert.deepEqual(errors.map(({ message }) => message), ["secret internals"]);
});

Deno.test("Accept: the highest q-value counts, q=0 excludes, and */* gets JSON", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const [TEXT, HTML, NDJSON] = ["text/plain", "text/html", "application/x-ndjson"];
  const rows = [
    [`/jobs/${jobId}/explain`, TEXT],
    [`/jobs/${jobId}/events`, NDJSON],
    ["/", HTML],
  ] as const;
  for (const [path, other = ""] of rows) {
    const typeOf = async (accept: string) => {
      const response = await app.get(path, { accept });
      await response.body?.cancel();
      return response.headers.get("content-type")?.split(";")[0];
    };
    assert.equal(await typeOf(other), other);
    assert.equal(await typeOf(`application/json;q=0.4, ${other};q=0.5`), other);
    assert.equal(await typeOf(`${other};q=0.4, application/json;q=0.5`), "application/json");
    assert.equal(await typeOf(`${other};q=0, */*`), "application/json");
    assert.equal(await typeOf("*/*"), "application/json");
  }
});
