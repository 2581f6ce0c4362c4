/** The collector of garbage, which threads ask for at the same time. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const MODULE = new URL("../../src/engine/collector.ts", import.meta.url).href;

/** Each import of the module looks for the collector once more. */
const SOURCE = `
  const { parentPort } = require("node:worker_threads");
  (async () => {
    for (let time = 0; time < 15; time++) {
      const { collectGarbage } = await import("${MODULE}?time=" + time);
      collectGarbage();
    }
  })().then(() => parentPort.postMessage(""), (error) => parentPort.postMessage(String(error)));
`;

Deno.test("collectGarbage: threads may call it at the same time", async () => {
  const threads = Array.from({ length: 4 }, () => new Worker(SOURCE, { eval: true }));
  const ends = await Promise.all(threads.map((thread) => once(thread, "message")));
  await Promise.all(threads.map((thread) => thread.terminate()));

  assert.deepEqual(ends.flat(), threads.map(() => ""));
});
