/**
 * Looks for an order of the same things that ends otherwise. What the things are and how
 * an order ends is the caller's to say.
 */

import {
  allOrdersCount,
  type Below,
  candidates,
  type Mobility,
  type Order,
} from "./order_candidates.ts";
import { type Cause, causeOf } from "./order_reduction.ts";

/** How an order ends; equal texts are equal ends. */
export interface End {
  readonly outcome: string;
  /** What is of interest only when no order has another outcome. */
  readonly details: string;
}

export interface OrderQuestion extends Mobility {
  readonly endOf: (order: Order) => End;
  /** Random orders, should there be too many to try all. */
  readonly tries: number;
  readonly below: Below;
}

/** How far a search is. */
export interface SearchProgress {
  readonly done: number;
  /** An upper limit: orders that were tried are not tried again. */
  readonly total: number;
}

export interface SearchResult {
  /** Orders tried, the recorded one among them. */
  readonly orders: number;
  /** How many of them were random. */
  readonly random: number;
  /** Whether they are all that there are. */
  readonly exhaustive: boolean;
  readonly found:
    | { readonly kind: "nothing" }
    /** `lesser`: the details differ, and no outcome did. */
    | (Cause & { readonly lesser: boolean });
}

/** Tries order after order, and stops at the first with another outcome. */
export function* searchOrders(
  question: OrderQuestion,
): Generator<SearchProgress, SearchResult, void> {
  const recorded = question.movable.map((_, index) => index);
  const end = question.endOf(recorded);
  const tried = new Set([recorded.join()]);
  const counts = { orders: 1, random: 0 };
  const total = 1 + candidatesCount(question);
  const result = (found: SearchResult["found"], exhaustive: boolean): SearchResult => ({
    ...counts,
    exhaustive,
    found,
  });
  let lesser: Order | undefined;
  for (const { order, origin } of candidates(question, question.tries, question.below)) {
    const name = order.join();
    if (tried.has(name)) continue;
    tried.add(name);
    if (origin !== "repeated") counts.orders++;
    if (origin === "random") counts.random++;
    yield { done: tried.size, total };
    const { outcome, details } = question.endOf(order);
    if (outcome !== end.outcome) return result(reduced(question, recorded, order), false);
    if (details !== end.details) lesser ??= order;
  }
  const exhaustive = allOrdersCount(question) !== undefined;
  return lesser === undefined
    ? result({ kind: "nothing" }, exhaustive)
    : result(reduced(question, recorded, lesser), exhaustive);
}

function candidatesCount(question: OrderQuestion): number {
  const count = question.movable.filter(Boolean).length;
  return count === 0 ? 0 : count * 5 + (allOrdersCount(question) ?? question.tries);
}

function reduced(
  { endOf, ...mobility }: OrderQuestion,
  recorded: Order,
  order: Order,
): SearchResult["found"] {
  const end = endOf(recorded);
  const lesser = endOf(order).outcome === end.outcome;
  const isSame = (other: Order) => {
    const { outcome, details } = endOf(other);
    return outcome === end.outcome && (!lesser || details === end.details);
  };
  const cause = causeOf(recorded, order, mobility, isSame);
  // On the way to a lesser difference there may be a greater one that was not tried.
  const isGreater = cause.kind === "pair" && endOf(cause.after).outcome !== end.outcome;
  return { ...cause, lesser: lesser && !isGreater };
}
