import assert from "node:assert/strict";
import type { TimedWait } from "../../src/core/job_state.ts";
import { AskedWaits } from "../../src/core/waits.ts";

const WAITS = 1_000;

/** The waits of an expectation, as recorded. */
function recordedWaits(withins: readonly number[]): readonly TimedWait[] {
  return withins.map((withinMs, index) => (
    { expectation: "paid", wait: index + 1, dueAt: "2026-01-01T00:00:00Z", withinMs, setBy: 5 }
  ));
}

Deno.test("asked waits: a comparison of very many with others looks up each recorded one once", () => {
  const recorded = recordedWaits(Array.from({ length: WAITS }, (_, n) => n));
  const longer = recorded.map(({ withinMs = 0 }) => withinMs + WAITS);
  let lookedUp = 0;
  const waits = new AskedWaits((wait) => {
    lookedUp++;
    return recorded[wait - 1];
  });
  assert.ok(recorded.every((wait) => !waits.hasSwapped(wait, longer)));
  assert.equal(lookedUp, WAITS);
});

Deno.test("asked waits: a wait is swapped once run asks in its place for one that it asks for otherwise", () => {
  const recorded = recordedWaits([1, 3]);
  const [first, second] = recorded as [TimedWait, TimedWait];
  const waits = new AskedWaits((wait) => recorded[wait - 1]);
  assert.equal(waits.hasSwapped(first, [3]), false);
  assert.equal(waits.hasSwapped(first, [3, 1]), true);
  assert.equal(waits.hasSwapped(second, [3, 1]), true);
  const same = new AskedWaits((wait) => recorded[wait - 1]);
  assert.equal(same.hasSwapped(first, [3, 3]), false);
});
