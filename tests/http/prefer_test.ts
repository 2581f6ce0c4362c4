/** `Prefer: return=minimal` on `POST /jobs`, alone and with a wait. */

import assert from "node:assert/strict";
import { exchange } from "../support/http/raw_socket.ts";
import {
  type JobBody,
  jsonOf,
  problemOf,
  shipmentPlan,
  startApp,
} from "../support/http/http_app.ts";
import { PATIENCE_MS } from "../support/until.ts";

const GREET = { type: "test.greet", input: { name: "Ann" } };
const MINIMAL = { prefer: "return=minimal" };

function minimalOf({ jobId, state }: Pick<JobBody, "jobId" | "state">) {
  const self = `/jobs/${jobId}`;
  const links = {
    self,
    events: `${self}/events`,
    stream: `${self}/stream`,
    explain: `${self}/explain`,
  };
  return { jobId, state, links };
}

Deno.test("return=minimal: the answer has the id, the state and links, and says that it was applied", async () => {
  const app = await startApp();
  for (const body of [GREET, { plan: shipmentPlan("1") }, { ...GREET, start: false }]) {
    const response = await app.post("/jobs", body, MINIMAL);
    assert.equal(response.headers.get("preference-applied"), "return=minimal");
    const job = await jsonOf(response, 202);
    assert.equal(response.headers.get("location"), `/jobs/${job.jobId}`);
    assert.deepEqual(job, minimalOf(job));
    assert.equal(job.state, "start" in body ? "Created" : "Running");
  }
});

Deno.test("return=minimal: every link works", async () => {
  const app = await startApp();
  const { links } = await jsonOf<{ links: Record<string, string> }>(
    await app.post("/jobs", GREET, MINIMAL),
    202,
  );
  for (const link of Object.values(links)) {
    const response = await app.get(link);
    await response.body?.cancel();
    assert.equal(response.status, 200, link);
  }
});

Deno.test("return=minimal: with a wait it is 200 if the job ends in time, and just as short", async () => {
  const app = await startApp();
  const prefer = "return=minimal, wait=10";
  const ended = await app.post("/jobs", GREET, { prefer });
  assert.equal(ended.headers.get("preference-applied"), prefer);
  const job = await jsonOf(ended, 200);
  assert.deepEqual([job.state, job], ["Done", minimalOf(job)]);

  const pending = app.post("/jobs", { plan: shipmentPlan("1") }, { prefer });
  await app.clock.advance(10_000);
  const waiting = await jsonOf(await pending, 202);
  assert.deepEqual([waiting.state, waiting], ["Running", minimalOf(waiting)]);
});

Deno.test("return=minimal: if too many requests wait already, only the wait is ignored", async () => {
  const app = await startApp({ waitingMax: 0 });
  const headers = { prefer: "wait=10, return=minimal" };
  const response = await app.post("/jobs", { plan: shipmentPlan("1") }, headers);
  assert.equal(response.headers.get("preference-applied"), "return=minimal");
  const job = await jsonOf(response, 202);
  assert.deepEqual(job, minimalOf(job));
});

Deno.test("return=minimal: with a key, each request gets the answer in its preferred form", async () => {
  const app = await startApp();
  const key = { "idempotency-key": "k" };
  const first = await jsonOf(await app.post("/jobs", GREET, { ...key, ...MINIMAL }), 202);
  await app.clock.settle();
  const again = await app.post("/jobs", GREET, { ...key, ...MINIMAL });
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal(again.headers.get("preference-applied"), "return=minimal");
  assert.deepEqual(await jsonOf(again, 202), first);

  const whole = await app.post("/jobs", GREET, key);
  assert.equal(whole.headers.get("idempotency-replayed"), "true");
  assert.equal(whole.headers.get("preference-applied"), null);
  const job = await jsonOf(whole, 202);
  assert.deepEqual([job.jobId, job.input], [first.jobId, GREET.input]);
});

Deno.test("return=minimal: a refusal is still complete", async () => {
  const app = await startApp();
  const response = await app.post("/jobs", { type: "test.greet", input: 1 }, MINIMAL);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("preference-applied"), null);
  await response.body?.cancel();
});

const FORMS: readonly (readonly [string, string | null])[] = [
  ["return=minimal", "return=minimal"],
  ["Return=Minimal", "return=minimal"],
  ['return = "minimal"', "return=minimal"],
  ["respond-async, return=minimal; x=1", "return=minimal"],
  ["wait=0;x, return=minimal", "return=minimal, wait=0"],
  ["return=minimal, return=representation", "return=minimal"],
  ["return=representation, return=minimal", null],
  ["return=representation", null],
  ["xreturn=minimal", null],
  ["return=minimalist", null],
  ["return", null],
  ["return=", null],
  ["", null],
];

for (const [prefer, applied] of FORMS) {
  Deno.test(`Prefer: ${JSON.stringify(prefer)} is applied as ${applied}`, async () => {
    const app = await startApp();
    const response = await app.post("/jobs", { plan: shipmentPlan("1") }, { prefer });
    assert.equal(response.headers.get("preference-applied"), applied);
    const job = await jsonOf(response, 202);
    assert.equal("condition" in job, applied === null);
  });
}

/** What Deno sends in one piece; the rest of a longer answer is a second call. */
const ONE_PIECE_BYTES = 512;

Deno.test("return=minimal: the answer is sent in one piece, headers included", async () => {
  const app = await startApp();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => app.app.fetch(request),
  );
  const body = JSON.stringify(GREET);
  const lines = [
    ...["POST /jobs HTTP/1.1", "host: localhost", "content-type: application/json"],
    ...["prefer: return=minimal", `content-length: ${body.length}`, "connection: close", "", body],
  ];
  const patience = { answerMs: PATIENCE_MS, quietMs: 1_000 };
  const { text } = await exchange(server.addr.port, {
    name: "minimal",
    parts: [lines.join("\r\n")],
  }, patience);
  await server.shutdown();
  assert.match(text, /^HTTP\/1\.1 202 /);
  assert.match(text, /"links":\{.*\}\}$/);
  assert.ok(text.length <= ONE_PIECE_BYTES, `${text.length} bytes: ${text}`);
});

Deno.test("a wait that comes as a parameter is refused with the header to send instead", async () => {
  const app = await startApp();
  const response = await app.post("/jobs?wait=5", GREET);
  const { detail } = await problemOf(response, 422, "invalid-request");
  assert.match(detail, /parameter wait is not a known parameter; .* header: Prefer: wait=5/);
});
