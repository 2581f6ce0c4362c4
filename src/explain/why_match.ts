/** Why an event matches an expectation of the plan, or none. */

import { countOf } from "../core/counted.ts";
import { firstWithin, matcherEffort, NEARNESS_EFFORT_MAX } from "../core/effort.ts";
import { isFromOutside, type JobEventLogEntry } from "../core/event.ts";
import { failureBy } from "../core/failure.ts";
import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  type MatchableEvent,
  matcherAccepts,
  requiredMatches,
} from "../core/job_plan.ts";
import type { RunningJob } from "../core/job_state.ts";
import { type Step, toMatchable } from "../core/projector.ts";
import {
  correlationDistance,
  correlationMismatches,
  expectationDistance,
  findNearest,
  type Mismatch,
  mismatchesText,
  mismatchesWith,
} from "./mismatch.ts";
import { shortened } from "./phrases.ts";

export const COORDINATION_TEXT =
  "Events of the coordination stratum are recorded and never interpreted.";

/** How many expectations one sentence names. */
const NAMED_MAX = 3;

/** What a plan expects: `"paid" and "parts"`, or `"a", "b", "c" and 997 more`. */
export function plannedText({ expected }: JobPlan): string {
  return shortened(expected.map(({ id }) => JSON.stringify(id)), NAMED_MAX) || "nothing";
}

/** The expectations that an entry matched, with their counts after it. */
export function matchText(before: RunningJob, entry: JobEventLogEntry, step: Step): string {
  const sentences = step.matched.slice(0, NAMED_MAX).map((id) => oneMatchText(before, id));
  const more = step.matched.length - sentences.length;
  if (more > 0) sentences.push(`It matches ${more} more.`);
  if (failureBy(before, entry, toMatchable(entry)) !== undefined) {
    sentences.push("An expectation waited for it, so it is no error.");
  }
  return sentences.join(" ");
}

function oneMatchText(before: RunningJob, id: string): string {
  const index = before.plan.expected.findIndex((expected) => expected.id === id);
  const required = requiredMatches(before.plan.expected[index]?.multiplicity ?? "ExactlyOnce");
  const matched = before.expected[index]?.matched ?? 0;
  const waived = before.expected[index]?.waived;
  if (waived !== undefined) {
    return `It matches expectation "${id}", which entry ${waived} had waived: surplus.`;
  }
  return matched < required
    ? `It matches expectation "${id}": ${countOf(matched + 1, required)}.`
    : `It matches expectation "${id}", which had all it needs (${
      countOf(matched, required)
    }): surplus.`;
}

/**
 * Why an entry that is not an error matches no expectation. Empty for a framework fact that the
 * plan does not ask for, since it was never meant to match.
 */
export function noMatchText(before: RunningJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "coordination") return COORDINATION_TEXT;
  const event = toMatchable(entry);
  const expectations = namersOf(before.plan, event);
  if (expectations.length > 0) return nearestExpectationText(expectations, event);
  return isFromOutside(entry) ? unexpectedText(before.plan, event) : "";
}

/** Expectations of the event's type. The end of `run` is not a near miss of another task. */
function namersOf({ expected }: JobPlan, event: MatchableEvent): readonly ExpectedEvent[] {
  return expected.filter(({ id, matcher }) =>
    matcher.eventType === event.eventType && id !== MAIN_EXPECTATION_ID
  );
}

function nearestExpectationText(
  expectations: readonly ExpectedEvent[],
  event: MatchableEvent,
): string {
  const compared = firstWithin(expectations, expectationEffort, NEARNESS_EFFORT_MAX);
  const nearest = findNearest(compared, (expected) => expectationDistance(expected, event));
  if (nearest === undefined) return "";
  const name = expectations.length > 1 ? `the nearest, "${nearest.id}",` : `"${nearest.id}"`;
  return `It matches no expectation: ${name} fails at ${
    clausesText(mismatchesWith(nearest, event))
  }.`;
}

function unexpectedText({ policy }: JobPlan, event: MatchableEvent): string {
  const { errors, compensation } = policy;
  const subject = `The plan expects no event of type ${event.eventType}`;
  const failing = nearestMismatches(errors, event);
  if (failing !== undefined) {
    return `${subject}, and to the policy it is no error: ${clausesText(failing)}.`;
  }
  const ends = compensation === undefined ? [] : [compensation.succeeded, compensation.failed];
  return ends.some((matcher) => matcherAccepts(matcher, event))
    ? `${subject} but to end a compensation, and none is under way.`
    : `${subject}.`;
}

/** Among the matchers for the event's type, the clauses that the nearest one fails. */
export function nearestMismatches(
  matchers: readonly EventMatcher[],
  { eventType, attributes }: MatchableEvent,
): readonly Mismatch[] | undefined {
  const ofType = matchers.filter((matcher) => matcher.eventType === eventType);
  const compared = firstWithin(ofType, matcherEffort, NEARNESS_EFFORT_MAX);
  const nearest = findNearest(compared, (one) => correlationDistance(one.correlation, attributes));
  return nearest && correlationMismatches(nearest.correlation, attributes);
}

const CLAUSES_SHOWN_MAX = 10;

export function clausesText(mismatches: readonly Mismatch[]): string {
  return mismatchesText(mismatches, CLAUSES_SHOWN_MAX);
}

function expectationEffort({ matcher }: ExpectedEvent): number {
  return matcherEffort(matcher);
}
