/** What a job waits for: an immutable set of expectations, and a policy. */

import type { Correlation } from "./correlation.ts";
import { holds } from "./correlation.ts";
import { type EventType, isReserved, MAIN_TASK, type TaskId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

/** For readers and logs. It never influences matching. */
export type ExpectedEventKind = "TaskCompletion" | "DomainFact" | "ExternalSignal";

export const EXPECTED_EVENT_KINDS: readonly ExpectedEventKind[] = [
  "TaskCompletion",
  "DomainFact",
  "ExternalSignal",
];

export interface EventMatcher {
  readonly eventType: EventType;
  readonly correlation: Correlation;
}

/** The most events that an expectation may want, since their positions are part of the state. */
export const TIMES_MAX = 10_000;

/** The most expectations of a plan. */
export const EXPECTATIONS_MAX = 1_000;
/** The most kinds of events on which a plan fails its job. */
export const ERRORS_MAX = 1_000;
/** Values and predicates in all correlations of a plan. */
export const PLAN_SIZE_MAX = 10_000;

/** The most that all expectations of a plan may want together. */
export const MATCHES_MAX = 2_000_000;

/** How many events satisfy an expectation. Further matches are recorded as surplus. */
export type Multiplicity = "ExactlyOnce" | "AtLeastOnce" | { readonly times: number };

/** The time limit of an expectation, and what happens when it is not met. */
export interface Deadline {
  /** Milliseconds from the start of the job. */
  readonly ms: number;
  /** `fail` the job, or `waive` the expectation: then it counts as satisfied. */
  readonly otherwise: "fail" | "waive";
}

/** A longer time is assumed to be a mistake in the unit. */
export const YEARS_MAX = 100;
/** In milliseconds: the longest sleep, wait or deadline. */
export const REST_MS_MAX = YEARS_MAX * 365.25 * 24 * 60 * 60 * 1_000;

/** A predicate over events. */
export interface ExpectedEvent {
  /** Unique within its plan. */
  readonly id: string;
  readonly kind: ExpectedEventKind;
  readonly matcher: EventMatcher;
  readonly multiplicity: Multiplicity;
  /** When present, only events of this task match. */
  readonly taskId?: TaskId;
  readonly within?: Deadline;
}

/** How a job ends after its compensation has succeeded. */
export type CompensatedOutcome = "Done" | "Failed";

export interface JobPolicy {
  /** Events that fail the job. */
  readonly errors: readonly EventMatcher[];
  /** For plans driven from outside: the events that end a compensation. */
  readonly compensation?: { readonly succeeded: EventMatcher; readonly failed: EventMatcher };
  readonly onCompensated: CompensatedOutcome;
}

/** What an event named in a policy does: it fails the job, or ends its compensation. */
export type PolicyRole = "errors" | "succeeded" | "failed";

export const COMPENSATION_ENDS: readonly PolicyRole[] = ["succeeded", "failed"];

export interface PolicyEvent {
  readonly role: PolicyRole;
  readonly matcher: EventMatcher;
}

export interface JobPlan {
  readonly expected: readonly ExpectedEvent[];
  readonly policy: JobPolicy;
}

export const DEFAULT_POLICY: JobPolicy = { errors: [], onCompensated: "Failed" };

/** The id of the expectation that `run` ends; reserved in plans of jobs with code. */
export const MAIN_EXPECTATION_ID = "main";

/** The completion of `run`, as an expectation of every job with code. */
export const MAIN_EXPECTATION: ExpectedEvent = {
  id: MAIN_EXPECTATION_ID,
  kind: "TaskCompletion",
  matcher: { eventType: "job.TaskCompleted" as EventType, correlation: "any" },
  multiplicity: "ExactlyOnce",
  taskId: MAIN_TASK,
};

/** The plan of a job with code that expects nothing else. Most jobs share this value. */
export const MAIN_ONLY_PLAN: JobPlan = { expected: [MAIN_EXPECTATION], policy: DEFAULT_POLICY };

/** The shared value of an equal plan, if there is one, so that a state need not hold a copy. */
export function sharedPlan(plan: JobPlan): JobPlan {
  if (plan === MAIN_ONLY_PLAN) return plan;
  const [first, second] = plan.expected;
  const { errors, compensation, onCompensated } = plan.policy;
  const isMainOnly = first !== undefined && second === undefined &&
    first.id === MAIN_EXPECTATION_ID && first.kind === "TaskCompletion" &&
    first.matcher.eventType === MAIN_EXPECTATION.matcher.eventType &&
    first.matcher.correlation === "any" && first.multiplicity === "ExactlyOnce" &&
    first.taskId === MAIN_TASK && first.within === undefined && errors.length === 0 &&
    compensation === undefined &&
    onCompensated === DEFAULT_POLICY.onCompensated;
  return isMainOnly ? MAIN_ONLY_PLAN : plan;
}

/** How many matches satisfy an expectation. */
export function requiredMatches(multiplicity: Multiplicity): number {
  return typeof multiplicity === "object" ? multiplicity.times : 1;
}

/** The part of an event that matching reads. Observability ids are not part of it. */
export interface MatchableEvent {
  readonly eventType: string;
  readonly taskId?: TaskId;
  readonly attributes: JsonObject;
}

export function matcherAccepts(matcher: EventMatcher, event: MatchableEvent): boolean {
  return matcher.eventType === event.eventType && holds(matcher.correlation, event.attributes);
}

/** Matching as the design defines it, without the job id, which the caller has checked. */
export function expectationAccepts(expected: ExpectedEvent, event: MatchableEvent): boolean {
  return expected.matcher.eventType === event.eventType &&
    (expected.taskId === undefined || expected.taskId === event.taskId) &&
    holds(expected.matcher.correlation, event.attributes);
}

/** The events that a policy names: errors first, then those that end a compensation. */
export function policyEvents({ errors, compensation }: JobPolicy): readonly PolicyEvent[] {
  const failing = errors.map((matcher): PolicyEvent => ({ role: "errors", matcher }));
  if (compensation === undefined) return failing;
  const { succeeded, failed } = compensation;
  // An event that both accept is a failure.
  return [...failing, { role: "failed", matcher: failed }, {
    role: "succeeded",
    matcher: succeeded,
  }];
}

/**
 * The matchers by which events without a job id reach a job with this plan. Matchers of framework
 * events are left out, since such events always carry their job's id.
 */
export function outsideMatchers({ expected, policy }: JobPlan): readonly EventMatcher[] {
  return [...expected, ...policyEvents(policy)].map(({ matcher }) => matcher)
    .filter((matcher) => !isReserved(matcher.eventType));
}

export function awaitsOutside(plan: JobPlan): boolean {
  // Most jobs share one plan, which awaits no event.
  return plan !== MAIN_ONLY_PLAN && outsideMatchers(plan).length > 0;
}
