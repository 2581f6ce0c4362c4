/**
 * Orders of the same things. Some of them may move, the others keep their order among
 * each other; and one that may move may have to stay before one that may not.
 */

/** Things by their number in the recorded order. A number that comes again is a repetition. */
export type Order = readonly number[];

/** A whole number from 0 up to, but not including, the limit. */
export type Below = (limit: number) => number;

/** For things that may move: one that may not, and that each stays before. */
export type Limits = ReadonlyMap<number, number>;

export interface Mobility {
  /** For each thing, in the recorded order, whether it may move. */
  readonly movable: readonly boolean[];
  readonly limits: Limits;
}

export interface Candidate {
  readonly order: Order;
  /** `repeated`: the recorded order, with one thing once more. */
  readonly origin: "systematic" | "repeated" | "random";
}

/** Orders times things: while there are no more, all orders are tried. */
const ALL_ORDERS_STEPS_MAX = 500_000;

/** How many orders there are, should no limit rule any out; `undefined` when too many. */
export function allOrdersCount({ movable }: Mobility): number | undefined {
  let fixed = movable.filter((moves) => !moves).length;
  let count = 1;
  for (const moves of movable) {
    if (moves) count *= ++fixed;
    if (count * movable.length > ALL_ORDERS_STEPS_MAX) return undefined;
  }
  return count;
}

/**
 * Orders to try, the simplest first; some may come twice. All there are when those are
 * few, else random ones in the end.
 */
export function* candidates(
  mobility: Mobility,
  tries: number,
  below: Below,
): Generator<Candidate, void, void> {
  const recorded = mobility.movable.map((_, index) => index);
  const moving = recorded.filter((thing) => mobility.movable[thing]);
  if (moving.length === 0) return;
  const within = (order: Order) => withinLimits(order, mobility.limits);
  for (const order of simpleOrders(recorded, moving)) {
    yield { order: within(order), origin: "systematic" };
  }
  for (const order of repetitions(recorded, moving)) yield { order, origin: "repeated" };
  if (allOrdersCount(mobility) !== undefined) {
    const fixed = recorded.filter((thing) => !mobility.movable[thing]);
    for (const order of weaves(fixed, moving, mobility.limits)) {
      yield { order, origin: "systematic" };
    }
  } else {
    for (let count = 0; count < tries; count++) {
      yield { order: within(randomOrder(recorded, moving, below)), origin: "random" };
    }
  }
}

/** Of each thing that moves: changed places with the next one, as the first, as the last. */
function* simpleOrders(recorded: Order, moving: Order): Generator<Order, void, void> {
  for (let index = 1; index < moving.length; index++) {
    const order = [...moving];
    [order[index - 1], order[index]] = [moving[index] ?? 0, moving[index - 1] ?? 0];
    yield inPlacesOf(recorded, moving, order);
  }
  for (const thing of moving) {
    const others = recorded.filter((other) => other !== thing);
    yield [thing, ...others];
    yield [...others, thing];
  }
}

/** Each thing that moves twice: at once, and in the end. */
function* repetitions(recorded: Order, moving: Order): Generator<Order, void, void> {
  for (const thing of moving) {
    yield recorded.flatMap((other) => other === thing ? [thing, thing] : [other]);
    yield [...recorded, thing];
  }
}

/** All orders within the limits. */
function* weaves(fixed: Order, moving: Order, limits: Limits): Generator<Order, void, void> {
  const [next, ...others] = fixed;
  if (next === undefined && moving.length === 0) return yield [];
  if (next !== undefined && !moving.some((thing) => limits.get(thing) === next)) {
    for (const rest of weaves(others, moving, limits)) yield [next, ...rest];
  }
  for (const thing of moving) {
    const left = moving.filter((other) => other !== thing);
    for (const rest of weaves(fixed, left, limits)) yield [thing, ...rest];
  }
}

/** The order, with each thing that is behind its limit put directly before that. */
export function withinLimits(order: Order, limits: Limits): Order {
  if (limits.size === 0) return order;
  const places = new Map<number, number>();
  for (const [place, thing] of order.entries()) if (!places.has(thing)) places.set(thing, place);
  const placeOf = (thing: number) => places.get(thing) ?? 0;
  const late = [...limits].filter(([thing, limit]) => placeOf(thing) > placeOf(limit));
  if (late.length === 0) return order;
  const moved = new Set(late.map(([thing]) => placeOf(thing)));
  const byLimit = Map.groupBy(late, ([, limit]) => limit);
  return order.flatMap((thing, place) =>
    moved.has(place) ? [] : [...(byLimit.get(thing) ?? []).map(([moving]) => moving), thing]
  );
}

/** The recorded order, with the things that move in another order in the same places. */
function inPlacesOf(recorded: Order, moving: Order, order: Order): Order {
  const taker = new Map(moving.map((thing, index) => [thing, order[index] ?? thing]));
  return recorded.map((thing) => taker.get(thing) ?? thing);
}

/** Shuffled; then one in four is delayed, one in four hurried, and one in eight comes again. */
function randomOrder(recorded: Order, moving: Order, below: Below): Order {
  const order = [...inPlacesOf(recorded, moving, shuffled(moving, below))];
  for (const thing of moving) {
    const at = order.indexOf(thing);
    const later = at + 1 + below(order.length - at);
    const chance = below(8);
    if (chance < 2) order.splice(later - 1, 0, ...order.splice(at, 1));
    else if (chance < 4) order.splice(below(at + 1), 0, ...order.splice(at, 1));
    else if (chance === 4) order.splice(later, 0, thing);
  }
  return order;
}

/** Source: Fisher and Yates, in the form of Durstenfeld. */
function shuffled(things: Order, below: Below): Order {
  const order = [...things];
  for (let last = order.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
