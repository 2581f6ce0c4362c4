/**
 * Estimates the cost of comparing an event with predicates before doing it. One unit is about a
 * tenth of a microsecond: one value looked up and compared.
 */

import type { Correlation } from "./correlation.ts";
import { type EventMatcher, type JobPlan, policyEvents } from "./job_plan.ts";
import type { ExpectationState, JobHead } from "./job_state.ts";

/** Characters of a deep path that can be resolved in the time of one comparison. */
const PATH_CHARACTERS = 16;
/** Values of a list that can be compared in the time of one lookup. */
const VALUES = 32;
/** Positions that can be copied in the time of one comparison, when a match is counted. */
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

/** The cost of comparing an event with all matchers of a plan. */
export function planEffort(plan: JobPlan): number {
  let effort = known.get(plan);
  if (effort === undefined) {
    const named = [...plan.expected, ...policyEvents(plan.policy)];
    known.set(plan, effort = sum(named, ({ matcher }) => matcherEffort(matcher)));
  }
  return effort;
}

/** The maximum cost of applying an event to a job: comparing it with the plan, and counting it. */
export function takingEffort({ plan, expected }: JobHead): number {
  let positions = expected.length * POSITIONS;
  let last: ExpectationState | undefined;
  for (const progress of expected) {
    if (progress !== last) positions += progress.matched;
    last = progress;
  }
  return planEffort(plan) + Math.floor(positions / POSITIONS);
}

/**
 * The budget for near misses. Describing a clause about a missing value takes eighty times as long
 * as finding that it fails.
 */
export const NEARNESS_EFFORT_MAX = 2_000;

/** The leading items whose effort stays within that budget, plus the next one. */
export function firstWithin<Item>(
  items: readonly Item[],
  effortOf: (item: Item) => number,
): readonly Item[] {
  let effort = 0;
  const end = items.findIndex((item) => (effort += effortOf(item)) > NEARNESS_EFFORT_MAX);
  return end < 0 ? items : items.slice(0, end + 1);
}

function sum<Item>(items: readonly Item[], effortOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + effortOf(item), 0);
}
