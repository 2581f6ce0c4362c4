import assert from "node:assert/strict";
import fc from "fast-check";
import type { Limits, Order } from "../../src/core/order_candidates.ts";
import { type End, searchOrders, type SearchResult } from "../../src/core/order_search.ts";

function resultOf(
  movable: readonly boolean[],
  endOf: (order: Order) => string | End,
  { tries = 0, limits = new Map() }: { tries?: number; limits?: Limits } = {},
): SearchResult {
  const search = searchOrders({
    movable,
    limits,
    endOf(order) {
      const end = endOf(order);
      return typeof end === "string" ? { outcome: end, details: "" } : end;
    },
    tries,
    below: (limit) => limit - 1,
  });
  for (;;) {
    const { done, value } = search.next();
    if (done) return value;
  }
}

function pairOf(result: SearchResult) {
  assert.equal(result.found.kind, "pair");
  return result.found as Extract<SearchResult["found"], { kind: "pair" }>;
}

const positionOf = (order: Order, thing: number) => order.indexOf(thing);

Deno.test("order search: the pair that decides is found among things that do not", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 3, maxLength: 8 }),
      fc.nat(),
      fc.nat(),
      (movable, left, right) => {
        const first = left % movable.length;
        const second = right % movable.length;
        fc.pre(first < second && (movable[first] || movable[second]) === true);
        fc.pre(movable[first] === true); // Only then can the two come the other way round.
        const endOf = (order: Order) =>
          String(positionOf(order, first) < positionOf(order, second));

        const result = pairOf(resultOf(movable, endOf));

        assert.deepEqual([result.first, result.second], [first, second]);
        assert.deepEqual([result.others, result.lesser], [[], false]);
        assert.equal(endOf(result.before), "true");
        assert.equal(endOf(result.after), "false");
        const at = positionOf(result.before, first);
        assert.equal(result.before[at + 1], second);
        assert.deepEqual(result.after, result.before.with(at, second).with(at + 1, first));
      },
    ),
  );
});

Deno.test("order search: things that may not move keep their order in all that is tried", () => {
  const seen: Order[] = [];
  resultOf([false, true, false, true, true, false], (order) => {
    seen.push(order);
    return "";
  }, { tries: 300 });
  assert.ok(seen.length > 10);
  for (const order of seen) {
    const fixed = order.filter((thing) => [0, 2, 5].includes(thing));
    assert.deepEqual(fixed, [0, 2, 5]);
    assert.deepEqual([...new Set(order)].sort(), [0, 1, 2, 3, 4, 5]);
  }
});

Deno.test("order search: a repetition that changes the end is told from an order", () => {
  const result = resultOf(
    [true, true, true],
    (order) => String(order.filter((thing) => thing === 1).length),
  );
  assert.deepEqual(result.found, { kind: "repetition", thing: 1, lesser: false });
});

Deno.test("order search: no order is tried twice, and those with a repetition are not counted", () => {
  const seen: string[] = [];
  const result = resultOf([true, true, true], (order) => {
    seen.push(order.join());
    return "";
  }, { tries: 100 });
  assert.equal(seen.length, new Set(seen).size);
  assert.equal(result.orders, seen.filter((name) => name.split(",").length === 3).length);
  assert.deepEqual([result.orders, result.random, result.exhaustive], [6, 0, true]);
});

Deno.test("order search: all orders within the limits are tried, and no other", () => {
  const arbitraryLimits = fc.dictionary(fc.constantFrom("0", "1", "3"), fc.constantFrom(4, 5));
  fc.assert(fc.property(arbitraryLimits, (given) => {
    const limits = new Map(Object.entries(given).map(([thing, limit]) => [Number(thing), limit]));
    const movable = [true, true, false, true, false, false];
    const seen = new Set<string>();
    const result = resultOf(movable, (order) => {
      if (order.length === movable.length) seen.add(order.join());
      return "";
    }, { limits });
    const wanted = permutations([0, 1, 2, 3, 4, 5]).filter((order) => {
      const isBefore = (one: number, other: number) => order.indexOf(one) < order.indexOf(other);
      return isBefore(2, 4) && isBefore(4, 5) && [...limits].every((pair) => isBefore(...pair));
    });
    assert.deepEqual(seen, new Set(wanted.map((order) => order.join())));
    assert.deepEqual([result.orders, result.exhaustive], [wanted.length, true]);
  }));
});

Deno.test("order search: also simple and random orders keep within the limits", () => {
  const movable = Array.from({ length: 12 }, (_, index) => index % 4 !== 3);
  const limits = new Map([[0, 3], [1, 3], [2, 7], [5, 11]]);
  let state = 1;
  const search = searchOrders({
    movable,
    limits,
    endOf(order) {
      for (const [thing, limit] of limits) {
        assert.ok(order.indexOf(thing) < order.indexOf(limit), order.join());
      }
      return { outcome: "", details: "" };
    },
    tries: 500,
    below: (limit) => (state = Math.imul(state, 48_271) % 2_147_483_647 >>> 0) % limit,
  });
  let step = search.next();
  while (!step.done) step = search.next();
  assert.equal(step.value.exhaustive, false);
  assert.ok(step.value.random > 400);
});

Deno.test("order search: of what else moved only what has to is told", () => {
  // Only both of 3 and 4 before 0 make a difference; 1, 2 and 5 do not matter.
  const result = resultOf([true, true, true, true, true, true], (order) => {
    const at = (thing: number) => order.indexOf(thing);
    return String(at(3) < at(0) && at(4) < at(0));
  });
  const { first, second, others } = pairOf(result);
  assert.deepEqual([[second, first], ...others].sort(), [[3, 0], [4, 0]]);
});

Deno.test("order search: a difference in details is told only when no outcome differs", () => {
  const details = (order: Order) => order.join();
  const lesser = resultOf(
    [true, true, true],
    (order) => ({ outcome: "", details: details(order) }),
  );
  assert.equal(pairOf(lesser).lesser, true);
  assert.equal(lesser.orders, 6);
  const greater = resultOf([true, true, true], (order) => ({
    outcome: String(order.indexOf(0) < order.indexOf(2)),
    details: details(order),
  }));
  const { first, second, lesser: isLesser } = pairOf(greater);
  assert.deepEqual([first, second, isLesser], [0, 2, false]);
});

function permutations(things: Order): readonly Order[] {
  if (things.length <= 1) return [things];
  return things.flatMap((first) =>
    permutations(things.filter((thing) => thing !== first)).map((rest) => [first, ...rest])
  );
}
