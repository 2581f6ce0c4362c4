/** `within` of an expectation over HTTP: valid values, and how it is shown. */

import assert from "node:assert/strict";
import { startApp } from "../support/http/http_app.ts";

const DAY = 86_400_000;

function plan(within: unknown) {
  return { expected: [{ id: "paid", eventType: "shop.Paid", within }] };
}

Deno.test("within: a job shows it, and the entry that waived its expectation", async () => {
  const app = await startApp();
  const within = { ms: 3 * DAY, otherwise: "waive" };
  const created = await (await app.post("/jobs", { plan: plan(within) })).json();
  assert.deepEqual(created.expected[0].within, within);
  await app.clock.advance(3 * DAY);
  const job = await (await app.get(`/jobs/${created.jobId}`)).json();
  const { matched, satisfied, waived } = job.expected[0];
  assert.deepEqual([job.state, matched, satisfied, waived], ["Done", 0, true, job.lastLogId]);
});

Deno.test("within: an invalid deadline is refused, with a pointer", async () => {
  const app = await startApp();
  const cases: [unknown, string, string][] = [
    [{ ms: 0, otherwise: "fail" }, "/ms", "must be more than 0 and at most 100 years"],
    [{ ms: 1e15, otherwise: "fail" }, "/ms", "must be more than 0 and at most 100 years"],
    [{ ms: "1", otherwise: "fail" }, "/ms", "must be a number"],
    [{ ms: 1, otherwise: "wait" }, "/otherwise", 'must be "fail" or "waive"'],
  ];
  for (const [within, pointer, detail] of cases) {
    const response = await app.post("/jobs", { plan: plan(within) });
    assert.equal(response.status, 422);
    const { errors } = await response.json();
    const expected = { pointer: `/plan/expected/0/within${pointer}`, detail };
    assert.deepEqual(errors, [expected]);
  }
});
