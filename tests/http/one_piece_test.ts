/** Long headers that make Deno send later answers in one piece: some while much is asked. */

import assert from "node:assert/strict";
import { startApp, type TestApp } from "../support/http_app.ts";

/** How many of so many answers have one, with a pause between each two. */
async function padded({ get, clock }: TestApp, answers: number, pauseMs: number): Promise<number> {
  let count = 0;
  for (let index = 0; index < answers; index++) {
    const { headers, body } = await get("/definitions");
    await body?.cancel();
    if (headers.has("x-pad")) count++;
    await clock.advance(pauseMs);
  }
  return count;
}

Deno.test("one piece: while much is asked, one answer of 127 has a long header", async () => {
  const app = await startApp();
  // The first 127 only tell how quickly they came.
  assert.equal(await padded(app, 127 * 4, 7), 3);
});

Deno.test("one piece: where little is asked, none has", async () => {
  const app = await startApp();
  assert.equal(await padded(app, 127 * 4, 8), 0);
});

Deno.test("one piece: probes have none, however many there are", async () => {
  const { get } = await startApp();
  for (let index = 0; index < 127 * 3; index++) {
    const { headers, body } = await get("/livez");
    await body?.cancel();
    assert.equal(headers.get("x-pad"), null);
  }
});
