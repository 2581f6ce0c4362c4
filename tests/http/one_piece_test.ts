/** Long headers that make Deno send later answers in one piece: some while busy, else none. */

import assert from "node:assert/strict";
import { shipmentPlan, startApp, type TestApp } from "../support/http_app.ts";

/** Answers to so many requests at a time, which wait for the same batch. */
async function answersTo(app: TestApp, requests: number): Promise<readonly Response[]> {
  app.journal.hold();
  const pending = Array.from(
    { length: requests },
    () => app.post("/jobs", { plan: shipmentPlan("1") }),
  );
  await app.clock.settle();
  app.journal.release();
  const answers = await Promise.all(pending);
  for (const { body } of answers) await body?.cancel();
  return answers;
}

async function padded(app: TestApp, requests: number, rounds: number): Promise<number> {
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    const answers = await answersTo(app, requests);
    count += answers.filter(({ headers }) => headers.has("x-pad")).length;
  }
  return count;
}

Deno.test("one piece: while there is much to do, one answer of 127 has a long header", async () => {
  const app = await startApp();
  // The last seven of each round are answered when there are fewer than eight left.
  assert.equal(await padded(app, 134, 3), 3);
});

Deno.test("one piece: who asks alone, or with a few others, never gets one", async () => {
  const app = await startApp();
  assert.equal(await padded(app, 1, 70), 0);
  assert.equal(await padded(app, 7, 20), 0);
});
