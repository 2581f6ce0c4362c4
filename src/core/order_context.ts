/** What else has to be the other way round for the exchange of two things to matter. */

import { type Mobility, type Order, withinLimits } from "./order_candidates.ts";

/** Two things that were exchanged: the later one first. */
export type Exchange = readonly [later: number, earlier: number];

/**
 * The exchanges without which that of `first` and `second` would not matter; none when it
 * does not depend on what lies between the two.
 *
 * @param before An order in which it matters, with `first` directly before `second`.
 */
export function othersOf(
  before: Order,
  [second, first]: Exchange,
  { movable, limits }: Mobility,
  isSame: (order: Order) => boolean,
): readonly Exchange[] {
  const between = before.toSorted((left, right) => left - right).slice(first + 1, second);
  const isFixed = (thing: number) => !movable[thing];
  const all = new Set(isFixed(first) ? between.filter((thing) => !isFixed(thing)) : between);
  const none = new Set(isFixed(second) ? between.filter(isFixed) : []);
  const matters = (front: ReadonlySet<number>) => {
    const order = arranged(before.length, front, [second, first]);
    return withinLimits(order, limits) === order && !isSame(order);
  };
  const [withAll, withNone] = [matters(all), matters(none)];
  if (withAll && withNone) return [];
  if (!withAll && !withNone) return inversions(before);
  const loose = between.filter((thing) => all.has(thing) !== none.has(thing));
  const kept = new Set(withAll ? all : none);
  for (const thing of loose.filter((one) => movable[one])) {
    toggle(kept, thing);
    if (!matters(kept)) toggle(kept, thing);
  }
  return loose.filter((thing) => kept.has(thing) === withAll)
    .map((thing) => withAll ? [thing, first] : [second, thing]);
}

/** The recorded order, but for the exchange, with what lies between before or behind both. */
function arranged(
  length: number,
  front: ReadonlySet<number>,
  [second, first]: Exchange,
): Order {
  const recorded = Array.from({ length }, (_, index) => index);
  const between = recorded.slice(first + 1, second);
  return [
    ...recorded.slice(0, first),
    ...between.filter((thing) => front.has(thing)),
    second,
    first,
    ...between.filter((thing) => !front.has(thing)),
    ...recorded.slice(second + 1),
  ];
}

function toggle(set: Set<number>, thing: number): void {
  if (!set.delete(thing)) set.add(thing);
}

function inversions(order: Order): readonly Exchange[] {
  const found: Exchange[] = [];
  let highest = -1;
  for (const [place, thing] of order.entries()) {
    if (thing < highest) {
      for (const later of order.slice(0, place)) if (later > thing) found.push([later, thing]);
    }
    highest = Math.max(highest, thing);
  }
  return found;
}
