/**
 * Walks through the index that end early: where they stop, and that the rest is found from there.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogId } from "../../src/core/ids.ts";
import { WindowWalk } from "../../src/index/window_walk.ts";

interface Laws {
  /** Positions of jobs, ascending. */
  readonly positions: readonly LogId[];
  readonly oldestFirst: boolean;
  /** How many jobs will be taken, if that is known. */
  readonly limit?: number | undefined;
  /** The cost of a row, of its text, and of each found job. */
  readonly rowCost: number;
  readonly bytes: number;
  readonly spent: number;
}

/** The results of several walks, each from where the previous one stopped, and these positions. */
function walkThrough({ positions, oldestFirst, limit, rowCost, bytes, spent }: Laws) {
  const found: LogId[] = [];
  const stops: LogId[] = [];
  let [from, to] = [1, (positions.at(-1) ?? 0) + 1];
  for (;;) {
    const between = (low: LogId, high: LogId) => {
      const all = positions.filter((position) => position >= low && position < high);
      return oldestFirst ? all : all.toReversed();
    };
    const walk = new WindowWalk<LogId>({
      ...{ oldestFirst, limit, from, to, rowCost, words: 1 },
      window: (low, high, most) => {
        const next = between(low, high).slice(0, most);
        const [isLast, edge = 0] = [next.length < most, next.at(-1)];
        const [rest, end] = oldestFirst ? [high, edge + 1] : [low, edge];
        return { rows: next.length, isLast, end: isLast ? rest : end, bytes: next.length * bytes };
      },
      find: between,
      positionOf: (position) => position,
      createdAt: (at) => `at ${at}`,
    });
    const before = found.length;
    for (const position of walk) {
      found.push(position);
      walk.spend(spent);
    }
    const { reach } = walk;
    if (reach === undefined) return { found, stops };
    assert.equal(reach.jobs, found.length - before);
    assert.equal(reach.backTo, `at ${oldestFirst ? reach.next + 1 : reach.next}`);
    stops.push(reach.next);
    if (oldestFirst) from = reach.next + 1;
    else to = reach.next;
  }
}

Deno.test("window walk: walks that resume where one stopped find every job once, in order", () => {
  const laws = fc.record({
    positions: fc.uniqueArray(fc.integer({ min: 1, max: 400_000 }), { maxLength: 1_000 })
      .map((all) => all.toSorted((left, right) => left - right)),
    oldestFirst: fc.boolean(),
    limit: fc.constantFrom(undefined, 1, 20, 5_000),
    rowCost: fc.constantFrom(1, 500, 40_000),
    bytes: fc.constantFrom(0, 1_000_000),
    spent: fc.constantFrom(0, 500, 200_000),
  });
  fc.assert(fc.property(laws, (given) => {
    const { positions, oldestFirst } = given;
    const { found, stops } = walkThrough(given);
    assert.deepEqual(found, oldestFirst ? positions : positions.toReversed());
    if (given.rowCost === 1 && given.bytes === 0 && given.spent === 0) assert.deepEqual(stops, []);
  }));
});

Deno.test("window walk: it stops at its limit of rows, of text, or of reads", () => {
  const positions = Array.from({ length: 30_000 }, (_, at) => 10 * (at + 1));
  const cheap: Laws = { positions, oldestFirst: false, rowCost: 1, bytes: 0, spent: 0 };
  assert.deepEqual(walkThrough(cheap).stops, []);
  for (const dear of [{ rowCost: 40 }, { bytes: 2_000 }, { spent: 40 }]) {
    const { stops } = walkThrough({ ...cheap, ...dear });
    assert.ok(stops.length >= 5 && stops.length <= 15, `${JSON.stringify(dear)}: ${stops}`);
    assert.deepEqual(walkThrough({ ...cheap, ...dear }).stops, stops);
  }
});
