/**
 * Looks for an order of the same things that ends otherwise. What the things are and how
 * an order ends is the caller's to say; some of them may move, the others keep their order
 * among each other.
 */

/** Things by their number in the recorded order. A number that comes again is a repetition. */
export type Order = readonly number[];

/** A whole number from 0 up to, but not including, the limit. */
export type Below = (limit: number) => number;

export interface OrderQuestion {
  /** For each thing, in the recorded order, whether it may move. */
  readonly movable: readonly boolean[];
  /** How an order ends; equal texts are equal ends. */
  readonly endOf: (order: Order) => string;
  /** Random orders, after the systematic ones. */
  readonly tries: number;
  readonly below: Below;
}

/** How far a search is. */
export interface SearchProgress {
  readonly done: number;
  /** An upper limit: orders that were tried are not tried again. */
  readonly total: number;
}

export type SearchResult =
  /** Every order tried ends as the recorded one. */
  | { readonly kind: "agreed"; readonly orders: number }
  /** Two orders that differ in the exchange of two neighbours alone, and end differently. */
  | {
    readonly kind: "pair";
    readonly orders: number;
    readonly first: number;
    readonly second: number;
    /** `first` directly before `second`. */
    readonly before: Order;
    /** `second` directly before `first`. */
    readonly after: Order;
  }
  /** A repetition of this thing alone changes the end. */
  | { readonly kind: "repetition"; readonly orders: number; readonly thing: number };

/** With so many things that move, or fewer, all their orders are tried. */
export const ALL_ORDERS_MAX = 6;

/** Tries order after order, and stops at the first that ends otherwise. */
export function* searchOrders(
  question: OrderQuestion,
): Generator<SearchProgress, SearchResult, void> {
  const recorded = question.movable.map((_, index) => index);
  const end = question.endOf(recorded);
  const tried = new Set([recorded.join()]);
  const total = 1 + ordersToTry(question);
  for (const order of candidates(question, recorded)) {
    const name = order.join();
    if (tried.has(name)) continue;
    tried.add(name);
    yield { done: tried.size, total };
    if (question.endOf(order) === end) continue;
    return reduced(question, recorded, end, order, tried.size);
  }
  return { kind: "agreed", orders: tried.size };
}

function ordersToTry({ movable, tries }: OrderQuestion): number {
  const count = movable.filter(Boolean).length;
  if (count === 0) return 0;
  const all = count <= ALL_ORDERS_MAX ? factorial(count) : 0;
  return (count - 1) + count * 3 + all + tries;
}

function factorial(count: number): number {
  return count <= 1 ? 1 : count * factorial(count - 1);
}

function* candidates(
  { movable, tries, below }: OrderQuestion,
  recorded: Order,
): Generator<Order, void, void> {
  const moving = recorded.filter((thing) => movable[thing]);
  if (moving.length === 0) return;
  yield* neighbourExchanges(recorded, moving);
  for (const thing of moving) {
    yield [...recorded.filter((other) => other !== thing), thing];
    yield recorded.flatMap((other) => other === thing ? [thing, thing] : [other]);
    yield [...recorded, thing];
  }
  if (moving.length <= ALL_ORDERS_MAX) {
    for (const order of permutations(moving)) yield inPlacesOf(recorded, moving, order);
  }
  for (let count = 0; count < tries; count++) yield randomOrder(recorded, moving, below);
}

/** Each thing that moves in the place of the next one, and the other way round. */
function* neighbourExchanges(recorded: Order, moving: Order): Generator<Order, void, void> {
  for (let index = 1; index < moving.length; index++) {
    const order = [...moving];
    [order[index - 1], order[index]] = [moving[index] ?? 0, moving[index - 1] ?? 0];
    yield inPlacesOf(recorded, moving, order);
  }
}

function* permutations(things: Order): Generator<Order, void, void> {
  if (things.length <= 1) return yield things;
  for (const first of things) {
    const rest = things.filter((thing) => thing !== first);
    for (const order of permutations(rest)) yield [first, ...order];
  }
}

/** The recorded order, with the things that move in another order in the same places. */
function inPlacesOf(recorded: Order, moving: Order, order: Order): Order {
  const taker = new Map(moving.map((thing, index) => [thing, order[index] ?? thing]));
  return recorded.map((thing) => taker.get(thing) ?? thing);
}

/** Shuffled; then one in four is delayed, and one in eight comes again later. */
function randomOrder(recorded: Order, moving: Order, below: Below): Order {
  const order = [...inPlacesOf(recorded, moving, shuffled(moving, below))];
  for (const thing of moving) {
    const at = order.indexOf(thing);
    const later = at + 1 + below(order.length - at);
    if (below(4) === 0) order.splice(later - 1, 0, ...order.splice(at, 1));
    else if (below(8) === 0) order.splice(later, 0, thing);
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

/** What alone makes an order end otherwise. */
function reduced(
  { endOf }: OrderQuestion,
  recorded: Order,
  end: string,
  order: Order,
  orders: number,
): SearchResult {
  const once = order.filter((thing, index) => order.indexOf(thing) === index);
  if (endOf(once) === end) {
    return { kind: "repetition", orders, thing: decisiveRepetition(endOf, end, order) };
  }
  const pair = decisiveExchange(endOf, recorded, end, once);
  return { kind: "pair", orders, ...pair };
}

function decisiveRepetition(
  endOf: (order: Order) => string,
  end: string,
  order: Order,
): number {
  let rest = order;
  for (;;) {
    const at = rest.findLastIndex((thing, index) => rest.indexOf(thing) < index);
    const thing = rest[at] ?? 0;
    rest = rest.toSpliced(at, 1);
    if (at < 0 || endOf(rest) === end) return thing;
  }
}

/**
 * Both orders are ends of a path on which each step exchanges two neighbours. Somewhere on
 * the path the end changes; halving it finds such a step in few tries.
 */
function decisiveExchange(
  endOf: (order: Order) => string,
  recorded: Order,
  end: string,
  order: Order,
) {
  const steps = exchangesBetween(recorded, order);
  let same = 0;
  let other = steps.length;
  while (other - same > 1) {
    const middle = (same + other) >> 1;
    if (endOf(exchanged(recorded, steps.slice(0, middle))) === end) same = middle;
    else other = middle;
  }
  const before = exchanged(recorded, steps.slice(0, same));
  const after = exchanged(recorded, steps.slice(0, other));
  const at = steps[same] ?? 0;
  return { before, after, first: before[at] ?? 0, second: before[at + 1] ?? 0 };
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
