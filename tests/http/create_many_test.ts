/** `POST /jobs` with many jobs: judged one by one, a receipt for each, one batch. */

import assert from "node:assert/strict";
import { JournalFullError } from "../../src/engine/ports.ts";
import {
  jsonOf,
  problemOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { CARD, paymentDefinition } from "../support/http/payment_definition.ts";

interface Receipt {
  readonly jobId: string | null;
  readonly disposition: string;
  readonly state?: string;
  readonly problem?: string;
  readonly reason?: string;
  readonly errors?: readonly { readonly pointer: string }[];
  readonly limit?: { readonly name: string };
}

async function receiptsOf(response: Response): Promise<readonly Receipt[]> {
  return (await jsonOf<{ receipts: readonly Receipt[] }>(response, 200)).receipts;
}

async function postLines(app: TestApp, lines: readonly string[]): Promise<readonly Receipt[]> {
  const headers = { "content-type": "application/x-ndjson" };
  return await receiptsOf(await app.post("/jobs", lines.join("\n"), headers));
}

function batchesOf(app: TestApp): number {
  return app.journal.content.batches.length;
}

const greet = (jobId: string) => ({ type: "test.greet", jobId, input: { name: jobId } });

Deno.test("POST /jobs: an array creates a job for each element, in order, in one batch", async () => {
  const app = await startApp();
  const before = batchesOf(app);
  const jobs = Array.from({ length: 200 }, (_, index) => ({
    plan: shipmentPlan(String(index)),
    jobId: `job-${index}`,
    start: index % 2 === 0,
  }));
  const receipts = await receiptsOf(await app.post("/jobs", jobs));
  assert.equal(batchesOf(app), before + 1);
  assert.deepEqual(receipts.map(({ jobId }) => jobId), jobs.map(({ jobId }) => jobId));
  assert.deepEqual(receipts.slice(0, 2).map(({ disposition, state }) => [disposition, state]), [
    ["created", "Running"],
    ["created", "Created"],
  ]);
  assert.equal((await jsonOf(await app.get("/jobs/job-7"), 200)).condition, "created");
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: "8" } });
  assert.equal((await jsonOf(await app.get("/jobs/job-8"), 200)).state, "Done");
});

Deno.test("POST /jobs: a thousand jobs of a request are one batch, which those of another do not share", async () => {
  const app = await startApp();
  await app.post("/jobs", { plan: shipmentPlan("first") });
  const before = batchesOf(app);
  const jobs = Array.from({ length: 1_000 }, (_, index) => ({ plan: shipmentPlan(String(index)) }));
  const answers = await Promise.all([jobs, jobs, jobs].map((many) => app.post("/jobs", many)));
  const firsts = [...app.journal.content.batches.slice(before), app.journal.head.logId + 1];
  const sizes = firsts.slice(1).map((first, index) => first - (firsts[index] ?? 0));
  assert.deepEqual(sizes, [2_000, 2_000, 2_000]);
  for (const answer of answers) {
    const receipts = await receiptsOf(answer);
    assert.deepEqual(new Set(receipts.map(({ disposition }) => disposition)), new Set(["created"]));
  }
});

Deno.test("POST /jobs: of many, each invalid job is rejected alone, with a pointer", async () => {
  const app = await startApp();
  await app.post("/jobs", greet("there"));
  const receipts = await receiptsOf(
    await app.post("/jobs", [
      greet("a"),
      greet("there"),
      { type: "test.greet", input: { name: 7 } },
      { type: "nobody" },
      { type: "test.greet", input: { name: "x" }, jobId: "../x" },
      greet("a"),
      7,
      greet("b"),
    ]),
  );
  assert.deepEqual(
    receipts.map(({ jobId, disposition, problem }) => [jobId, disposition, problem]),
    [
      ["a", "created", undefined],
      ["there", "rejected", "/problems/job-exists"],
      [null, "rejected", "/problems/invalid-request"],
      [null, "rejected", "/problems/unknown-type"],
      [null, "rejected", "/problems/invalid-request"],
      ["a", "rejected", "/problems/job-exists"],
      [null, "rejected", "/problems/invalid-request"],
      ["b", "created", undefined],
    ],
  );
  assert.deepEqual(receipts[2]?.errors?.map(({ pointer }) => pointer), ["/2/input/name"]);
  assert.deepEqual(receipts[4]?.errors?.map(({ pointer }) => pointer), ["/4/jobId"]);
  await app.clock.settle();
  assert.equal(app.engine.lists.count({ conditions: ["succeeded"] }).jobs, 3);
});

Deno.test("POST /jobs: NDJSON is judged line by line, including malformed lines", async () => {
  const app = await startApp();
  const receipts = await postLines(app, [
    JSON.stringify(greet("a")),
    "",
    "{nonsense",
    JSON.stringify(greet("b")),
  ]);
  assert.deepEqual(
    receipts.map(({ jobId, disposition, problem }) => [jobId, disposition, problem]),
    [
      ["a", "created", undefined],
      [null, "rejected", "/problems/malformed-json"],
      ["b", "created", undefined],
    ],
  );
});

Deno.test("POST /jobs: with a key, many jobs can be repeated: only those not on record are created", async () => {
  const app = await startApp();
  const jobs = [
    { type: "test.greet", input: { name: "Ann" } },
    { type: "test.greet", input: { name: "Bob" } },
  ];
  const headers = { "idempotency-key": "import-7" };
  const first = await receiptsOf(await app.post("/jobs", jobs, headers));
  const changed = [jobs[0], { type: "test.greet", input: { name: "Eve" } }, jobs[1]];
  const second = await receiptsOf(await app.post("/jobs", changed, headers));
  assert.deepEqual(second.map(({ disposition, problem }) => [disposition, problem]), [
    ["duplicate", undefined],
    ["rejected", "/problems/idempotency-key-reused"],
    ["created", undefined],
  ]);
  assert.equal(second[0]?.jobId, first[0]?.jobId);
});

Deno.test("POST /jobs: many with secrets are sealed, and share a batch", async () => {
  const payments = { charged: [], release: undefined };
  const pay = paymentDefinition(payments, "keep") as never;
  const app = await startApp({ definitions: [...DEFINITIONS, pay], maxRunning: 1, hold: true });
  const before = batchesOf(app);
  const card = { number: CARD, holder: "A. Customer" };
  const receipts = await receiptsOf(
    await app.post("/jobs", [
      { type: "test.pay", jobId: "p", input: { orderId: "1", card } },
      greet("g"),
      { type: "test.pay", jobId: "p", input: { orderId: "2", card } },
      { type: "test.pay", input: { orderId: "3", card } },
    ]),
  );
  assert.deepEqual(receipts.map(({ disposition }) => disposition), [
    ...["created", "created", "rejected", "created"],
  ]);
  assert.equal(batchesOf(app), before + 1);
  const { input } = await jsonOf<{ input: { orderId: string } }>(
    await app.get("/jobs/p/input"),
    200,
  );
  assert.equal(input.orderId, "1");
});

Deno.test("POST /jobs: jobs beyond a limit are rejected with its name; if all are, it is 503", async () => {
  const app = await startApp({ limits: { jobsMax: 2 } });
  const jobs = ["a", "b", "c"].map((jobId) => ({ jobId, plan: shipmentPlan("1") }));
  const receipts = await receiptsOf(await app.post("/jobs", jobs));
  assert.deepEqual(receipts.map(({ disposition, limit }) => [disposition, limit?.name]), [
    ["created", undefined],
    ["created", undefined],
    ["rejected", "jobsMax"],
  ]);
  await problemOf(await app.post("/jobs", jobs.slice(2)), 503, "over-capacity");
});

Deno.test("POST /jobs: many on a full disk are 507, and none of them is recorded", async () => {
  const app = await startApp();
  app.journal.failNext(new JournalFullError("no room"));
  await problemOf(await app.post("/jobs", [greet("a"), greet("b")]), 507, "disk-full");
  await problemOf(await app.get("/jobs/a"), 404, "unknown-job");
  assert.equal((await receiptsOf(await app.post("/jobs", [greet("a")])))[0]?.jobId, "a");
});

Deno.test("POST /jobs: an empty array has no receipts, and too many jobs are 422", async () => {
  const app = await startApp({ eventsMax: 2 });
  assert.deepEqual(await receiptsOf(await app.post("/jobs", [])), []);
  const jobs = ["a", "b", "c"].map(greet);
  await problemOf(await app.post("/jobs", jobs), 422, "invalid-request");
  await problemOf(await app.get("/jobs/a"), 404, "unknown-job");
});

Deno.test("POST /jobs: two requests with the same ids in different orders create each once", async () => {
  const payments = { charged: [], release: undefined };
  const app = await startApp({ definitions: [paymentDefinition(payments, "keep") as never] });
  const card = { number: CARD, holder: "A. Customer" };
  const job = (jobId: string) => ({ type: "test.pay", jobId, input: { orderId: jobId, card } });
  const ids = ["a", "b", "c"];
  const answers = await Promise.all([
    app.post("/jobs", ids.map(job)),
    app.post("/jobs", ids.toReversed().map(job)),
  ]);
  const receipts = (await Promise.all(answers.map(receiptsOf))).flat();
  assert.equal(receipts.filter(({ disposition }) => disposition === "created").length, 3);
  assert.equal(receipts.filter(({ problem }) => problem === "/problems/job-exists").length, 3);
});

Deno.test("POST /jobs: two simultaneous requests with one key create the jobs once", async () => {
  const payments = { charged: [], release: undefined };
  const app = await startApp({
    definitions: [...DEFINITIONS, paymentDefinition(payments, "keep") as never],
    maxRunning: 1,
    hold: true,
  });
  const input = { orderId: "1", card: { number: CARD, holder: "A. Customer" } };
  // The second one waits for the first, which is being sealed, to be recorded with it.
  const jobs = [{ type: "test.pay", input }, { type: "test.greet", input: { name: "Ann" } }];
  const headers = { "idempotency-key": "import-8" };
  const answers = await Promise.all([
    app.post("/jobs", jobs, headers),
    app.post("/jobs", jobs, headers),
  ]);
  const [one = [], other = []] = await Promise.all(answers.map(receiptsOf));
  assert.deepEqual(one.map(({ jobId }) => jobId), other.map(({ jobId }) => jobId));
  const dispositions = [...one, ...other].map(({ disposition }) => disposition).toSorted();
  assert.deepEqual(dispositions, ["created", "created", "duplicate", "duplicate"]);
  assert.equal((await jsonOf<{ jobs: unknown[] }>(await app.get("/jobs"), 200)).jobs.length, 2);
});

Deno.test("POST /jobs: of several requests with one key, the next creates the many jobs that a full disk lost", async () => {
  const app = await startApp();
  const jobs = Array.from({ length: 300 }, (_, index) => ({ plan: shipmentPlan(String(index)) }));
  app.journal.failNext(new JournalFullError("no room"));
  const send = () => app.post("/jobs", jobs, { "idempotency-key": "import-9" });
  const [lost, ...answers] = await Promise.all([send(), send(), send()]);
  await problemOf(lost as Response, 507, "disk-full");
  const [one = [], other = []] = await Promise.all(answers.map(receiptsOf));
  assert.deepEqual(new Set(one.map(({ disposition }) => disposition)), new Set(["created"]));
  assert.deepEqual(new Set(other.map(({ disposition }) => disposition)), new Set(["duplicate"]));
  assert.deepEqual(one.map(({ jobId }) => jobId), other.map(({ jobId }) => jobId));
});
