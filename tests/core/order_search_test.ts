import assert from "node:assert/strict";
import fc from "fast-check";
import { type Order, searchOrders, type SearchResult } from "../../src/core/order_search.ts";

function resultOf(
  movable: readonly boolean[],
  endOf: (order: Order) => string,
  tries = 0,
): SearchResult {
  const search = searchOrders({ movable, endOf, tries, below: (limit) => limit - 1 });
  for (;;) {
    const { done, value } = search.next();
    if (done) return value;
  }
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

        const result = resultOf(movable, endOf);

        assert.equal(result.kind, "pair");
        if (result.kind !== "pair") return;
        assert.deepEqual([result.first, result.second], [first, second]);
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
  }, 300);
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
  assert.deepEqual(result.kind === "repetition" && result.thing, 1);
});

Deno.test("order search: no order is tried twice", () => {
  const seen: string[] = [];
  const result = resultOf([true, true, true], (order) => {
    seen.push(order.join());
    return "";
  }, 100);
  assert.equal(result.kind === "agreed" && result.orders, new Set(seen).size);
});
