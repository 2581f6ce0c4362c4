/** Walks through the index that end early: where they stop, and that all is found from there on. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogId } from "../../src/core/ids.ts";
import { WindowWalk } from "../../src/index/window_walk.ts";

interface Laws {
  /** Where jobs are, ascending. */
  readonly positions: readonly LogId[];
  readonly oldestFirst: boolean;
  /** What each look at the clock takes, in milliseconds. */
  readonly lookMs: number;
}

/** All that several walks find, each from where the one before stopped; and where they did. */
function walkThrough({ positions, oldestFirst, lookMs }: Laws) {
  const found: LogId[] = [];
  const stops: LogId[] = [];
  let now = 0;
  let [from, to] = [1, (positions.at(-1) ?? 0) + 1];
  for (;;) {
    const between = (low: LogId, high: LogId) =>
      positions.filter((position) => position >= low && position < high);
    const walk = new WindowWalk<LogId>({
      clock: { monotonic: () => now += lookMs },
      ...{ oldestFirst, from, to },
      rows: (low, high) => oldestFirst ? between(low, high) : between(low, high).toReversed(),
      positionOf: (position) => position,
      jobsBetween: (low, high) => between(low, high).length,
      createdAt: (at) => `at ${at}`,
    });
    const before = found.length;
    found.push(...walk);
    const { reach } = walk;
    if (reach === undefined) return { found, stops };
    assert.equal(reach.jobs, found.length - before);
    stops.push(reach.next);
    if (oldestFirst) from = reach.next + 1;
    else to = reach.next;
  }
}

Deno.test("window walk: walks that go on where one stopped find every job once, in order", () => {
  const position = fc.integer({ min: 1, max: 400_000 });
  const laws = fc.record({
    positions: fc.uniqueArray(position, { maxLength: 400 }).map((all) =>
      all.toSorted((left, right) => left - right)
    ),
    oldestFirst: fc.boolean(),
    lookMs: fc.constantFrom(0, 3, 11, 50),
  });
  fc.assert(fc.property(laws, (given) => {
    const { positions, oldestFirst } = given;
    const { found, stops } = walkThrough(given);
    assert.deepEqual(found, oldestFirst ? positions : positions.toReversed());
    if (given.lookMs === 0) assert.deepEqual(stops, []);
  }));
});

Deno.test("window walk: it stops when its time is up, and not at the first job", () => {
  const positions = Array.from({ length: 30_000 }, (_, at) => 10 * (at + 1));
  const { stops } = walkThrough({ positions, oldestFirst: false, lookMs: 5 });
  assert.ok(stops.length > 10 && stops.length < 300, `${stops.length} stops`);
});
