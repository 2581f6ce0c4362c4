/** What is admitted at once, and what waits for a later turn of the loop. */

import assert from "node:assert/strict";
import { AdmissionGate, type Size } from "../../src/http/guard/admission_gate.ts";
import { FakeClock } from "../support/fake_clock.ts";

/**
 * An admission gate, and the requests that went through it, by name; each takes time on the clock.
 */
function start() {
  const clock = new FakeClock();
  const admission = new AdmissionGate(clock);
  const done: string[] = [];
  let now = 0;
  clock.monotonic = () => now;
  async function work(name: string, size: Size, takesMs: number): Promise<void> {
    const turn = admission.enter(size);
    if (turn !== undefined) await turn;
    done.push(name);
    now += takesMs;
  }
  return { clock, done, admission, work };
}

Deno.test("admission: small requests are admitted at once, until a turn takes long", async () => {
  const { clock, done, work } = start();
  const names = Array.from({ length: 200 }, (_, n) => `${n}`);
  const all = names.map((name) => work(name, "small", 1));
  assert.ok(done.length > 10 && done.length < 40, `${done.length} at once`);
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, names);
});

Deno.test("admission: one large request is admitted at once, and one per turn", async () => {
  const { clock, done, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  assert.deepEqual(done, ["a"]);
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "b", "c"]);
});

Deno.test("admission: small requests go before large ones that came first", async () => {
  const { clock, done, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  all.push(work("small", "small", 1));
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "small", "b", "c"]);
});

Deno.test("admission: many small requests do not keep a large one out", async () => {
  const { clock, done, work } = start();
  const all = [work("a", "large", 20), work("b", "large", 20)];
  for (let n = 0; n < 300; n++) all.push(work("small", "small", 1));
  await clock.settle();
  await Promise.all(all);
  const place = done.indexOf("b");
  assert.ok(place > 0 && place < 150, `b was number ${place}`);
});

Deno.test("admission: the second half of a large request goes before new ones", async () => {
  const { clock, done, admission, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  all.push((admission.enterAgain() ?? Promise.resolve()).then(() => void done.push("a again")));
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "a again", "b", "c"]);
});
