/** What alone makes an order end otherwise than the recorded one. */

import { type Mobility, type Order, withinLimits } from "./order_candidates.ts";
import { type Exchange, othersOf } from "./order_context.ts";

export type Cause =
  /** Two orders that differ in the exchange of two neighbours alone, and end differently. */
  | {
    readonly kind: "pair";
    /** Comes before `second` in the recorded order. */
    readonly first: number;
    readonly second: number;
    /** `first` directly before `second`; ends as the recorded order does. */
    readonly before: Order;
    /** `second` directly before `first`. */
    readonly after: Order;
    /** What else has to be the other way round than recorded for the end to change. */
    readonly others: readonly Exchange[];
  }
  /** A repetition of this thing alone changes the end. */
  | { readonly kind: "repetition"; readonly thing: number };

/** @param isSame Whether an order ends as the recorded one; of `order` it is not true. */
export function causeOf(
  recorded: Order,
  order: Order,
  mobility: Mobility,
  isSame: (order: Order) => boolean,
): Cause {
  const once = order.filter((thing, index) => order.indexOf(thing) === index);
  return isSame(once)
    ? { kind: "repetition", thing: decisiveRepetition(order, isSame) }
    : decisiveExchange(recorded, simplified(once, mobility, isSame), mobility, isSame);
}

function decisiveRepetition(order: Order, isSame: (order: Order) => boolean): number {
  let rest = order;
  for (;;) {
    const at = rest.findLastIndex((thing, index) => rest.indexOf(thing) < index);
    const thing = rest[at] ?? 0;
    rest = rest.toSpliced(at, 1);
    if (at < 0 || isSame(rest)) return thing;
  }
}

/** Puts back, one after the other, the things that need not have moved. */
function simplified(
  order: Order,
  { movable, limits }: Mobility,
  isSame: (order: Order) => boolean,
): Order {
  const moved = new Set(order.filter((thing) => movable[thing]));
  let simplest = order;
  for (const thing of [...moved]) {
    moved.delete(thing);
    const ascending = simplest.filter((other) => !moved.has(other)).toSorted((a, b) => a - b);
    let next = 0;
    const refilled = simplest.map((other) => moved.has(other) ? other : ascending[next++] ?? other);
    const tried = withinLimits(refilled, limits);
    if (isSame(tried)) moved.add(thing);
    else simplest = tried;
  }
  return simplest;
}

/**
 * Both orders are ends of a path on which each step exchanges two neighbours. Somewhere on
 * the path the end changes; halving it finds such a step in few tries.
 */
function decisiveExchange(
  recorded: Order,
  order: Order,
  mobility: Mobility,
  isSame: (order: Order) => boolean,
): Cause {
  const steps = exchangesBetween(recorded, order);
  let same = 0;
  let other = steps.length;
  while (other - same > 1) {
    const middle = (same + other) >> 1;
    if (isSame(exchanged(recorded, steps.slice(0, middle)))) same = middle;
    else other = middle;
  }
  const before = exchanged(recorded, steps.slice(0, same));
  const after = exchanged(recorded, steps.slice(0, other));
  const at = steps[same] ?? 0;
  const [first = 0, second = 0] = before.slice(at, at + 2);
  const others = othersOf(before, [second, first], mobility, isSame);
  return { kind: "pair", before, after, first, second, others };
}

/** Places whose exchange with the next, one after the other, leads from one order to another. */
function exchangesBetween(from: Order, to: Order): readonly number[] {
  const current = [...from];
  const steps: number[] = [];
  for (const [place, thing] of to.entries()) {
    for (let at = current.indexOf(thing) - 1; at >= place; at--) {
      exchange(current, at);
      steps.push(at);
    }
  }
  return steps;
}

function exchanged(order: Order, steps: readonly number[]): Order {
  const current = [...order];
  for (const at of steps) exchange(current, at);
  return current;
}

function exchange(order: number[], at: number): void {
  [order[at], order[at + 1]] = [order[at + 1] ?? 0, order[at] ?? 0];
}
