/** Jobs with secrets, as clients see them. */

import assert from "node:assert/strict";
import type { InputRetention } from "../../src/core/sealed_input.ts";
import {
  createAndRun,
  jsonOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { CARD, paymentDefinition } from "../support/http/payment_definition.ts";

const HOUR_MS = 3_600_000;
const INPUT = { orderId: "42", card: { number: CARD, holder: "A. Customer" } };
const SHOWN = { orderId: "42", card: { number: "[secret]", holder: "A. Customer" } };

async function startShop(retention: InputRetention = "keep"): Promise<TestApp> {
  const payments = { charged: [], release: undefined };
  return await startApp({ definitions: [paymentDefinition(payments, retention) as never] });
}

interface SealedJob {
  readonly input: unknown;
  readonly sealed?: { readonly secrets: readonly string[]; readonly retention: unknown };
}

Deno.test("GET /jobs/:id: a secret is shown as a mark, and secret fields are listed", async () => {
  const app = await startShop();
  const job: SealedJob = await createAndRun(app, "test.pay", INPUT);
  assert.deepEqual(job.input, SHOWN);
  assert.deepEqual(job.sealed, { secrets: ["card.number"], retention: "keep" });
});

Deno.test("GET /jobs/:id: a job without secrets has no `sealed`", async () => {
  const app = await startApp();
  const job = await createAndRun(app, "test.greet", { name: "Ann" });
  assert.ok(!("sealed" in job));
});

Deno.test("GET /definitions: it says which fields are secret, and how long an input is kept", async () => {
  const app = await startShop({ afterMs: HOUR_MS });
  const { definitions } = await jsonOf<{ definitions: Record<string, unknown>[] }>(
    await app.get("/definitions"),
    200,
  );
  const pay = definitions.find(({ type }) => type === "test.pay");
  assert.deepEqual([pay?.["secrets"], pay?.["retention"]], [["card.number"], { afterMs: HOUR_MS }]);
});

Deno.test("GET /jobs/:id/input: it has all but the secrets, even if the job shows no input, until it is removed", async () => {
  const app = await startShop({ afterMs: HOUR_MS });
  const { jobId, input } = await createAndRun(app, "test.pay", { ...INPUT, leak: "message" });
  const shown = await jsonOf(await app.get(`/jobs/${jobId}/input`), 200);
  await app.clock.advance(HOUR_MS);
  const problem = await problemOf(await app.get(`/jobs/${jobId}/input`), 410, "input-removed");

  assert.equal(input, null);
  assert.deepEqual(shown, { input: { ...SHOWN, leak: "message" }, secrets: ["card.number"] });
  assert.match(problem.detail, /^Cannot show the input of job .*: its input was removed/);
});

Deno.test("GET /jobs/:id/input: for a job that hides nothing it is the input that the job shows", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.greet", { name: "Ann" });
  const shown = await jsonOf(await app.get(`/jobs/${jobId}/input`), 200);
  assert.deepEqual(shown, { input: { name: "Ann" }, secrets: [] });
});

Deno.test("POST /jobs: no answer to a request with a secret repeats it", async () => {
  const app = await startShop();
  const bodies = [
    { type: "test.pay", input: INPUT },
    { type: "test.pay", input: { ...INPUT, orderId: CARD } },
    { type: "test.pay", input: { ...INPUT, card: { number: CARD } } },
    { type: "test.pay", input: INPUT, labels: { card: CARD } },
    { type: "test.pay", input: INPUT, priority: CARD },
  ];
  for (const body of bodies) {
    const response = await app.post("/jobs", body, { "idempotency-key": "k" });
    const text = await response.text();
    assert.ok([202, 422].includes(response.status), text);
    assert.ok(!text.includes(CARD), text);
  }
});

Deno.test("Idempotency-Key: with secrets, the same body replays and another is 422", async () => {
  const app = await startShop();
  const headers = { "idempotency-key": "order-42" };
  const body = { type: "test.pay", input: INPUT };
  const first = await jsonOf(await app.post("/jobs", body, headers), 202);
  const again = await app.post("/jobs", body, headers);
  const card = { ...INPUT.card, number: "4000-0012-3456-7890" };
  const other = await app.post("/jobs", { ...body, input: { ...INPUT, card } }, headers);

  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.equal((await jsonOf(again, 202)).jobId, first.jobId);
  await problemOf(other, 422, "idempotency-key-reused");
});

Deno.test("POST /jobs/:id/retry: once the input is removed it is 409 with the reason", async () => {
  const app = await startShop("deleteOnCompletion");
  const { jobId } = await createAndRun(app, "test.pay", { ...INPUT, leak: "message" });
  await app.clock.settle();
  const refused = await app.post(`/jobs/${jobId}/retry`);
  const problem = await problemOf(refused, 409, "not-in-this-state");
  assert.match(problem.detail, /its input was removed/);
});
