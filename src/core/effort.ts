/**
 * How much work it is to compare an event with predicates, before any of it is done. One is
 * about a tenth of a microsecond: a value that is looked up and compared.
 */

import type { Correlation } from "./correlation.ts";
import { type EventMatcher, type JobPlan, policyEvents } from "./job_plan.ts";
import type { JobState } from "./job_state.ts";

/** Characters of a path that are found in the time of one comparison; of deep ones. */
const PATH_CHARACTERS = 16;
/** Values of a list that are compared in the time of one look-up. */
const VALUES = 32;
/** Positions that are copied in the time of one comparison, when a match is counted. */
const POSITIONS = 20;

export function matcherEffort({ correlation }: EventMatcher): number {
  return 1 + correlationEffort(correlation);
}

function correlationEffort(correlation: Correlation): number {
  if (correlation === "any") return 0;
  if ("equals" in correlation) return sum(Object.keys(correlation.equals), pathEffort);
  if ("in" in correlation) {
    return sum(
      Object.entries(correlation.in),
      ([path, values]) => pathEffort(path) + Math.floor(values.length / VALUES),
    );
  }
  if ("not" in correlation) return 1 + correlationEffort(correlation.not);
  return 1 + sum("all" in correlation ? correlation.all : correlation.anyOf, correlationEffort);
}

function pathEffort(path: string): number {
  return 1 + Math.floor(path.length / PATH_CHARACTERS);
}

const known = new WeakMap<JobPlan, number>();

/** To compare an event with everything that a plan names. */
export function planEffort(plan: JobPlan): number {
  let effort = known.get(plan);
  if (effort === undefined) {
    const named = [...plan.expected, ...policyEvents(plan.policy)];
    known.set(plan, effort = sum(named, ({ matcher }) => matcherEffort(matcher)));
  }
  return effort;
}

/** To take an event into a job, at most: compared with its plan, and counted by all of it. */
export function takingEffort({ plan, expected }: JobState): number {
  let positions = expected.length * POSITIONS;
  let last: readonly number[] | undefined;
  for (const { by } of expected) {
    if (by !== last) positions += by.length;
    last = by;
  }
  return planEffort(plan) + Math.floor(positions / POSITIONS);
}

/**
 * How much an event is compared with, to find what it was near to: of a clause about a value
 * that it does not have, to tell takes eighty times as long as to see that it fails.
 */
export const NEARNESS_EFFORT_MAX = 2_000;

/** The leading items whose effort stays within `effortMax`, plus the next one. */
export function firstWithin<Item>(
  items: readonly Item[],
  effortOf: (item: Item) => number,
  effortMax: number,
): readonly Item[] {
  let effort = 0;
  const end = items.findIndex((item) => (effort += effortOf(item)) > effortMax);
  return end < 0 ? items : items.slice(0, end + 1);
}

function sum<Item>(items: readonly Item[], effortOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + effortOf(item), 0);
}
