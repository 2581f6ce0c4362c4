/**
 * The events that could still move a job: those of open expectations, or the end of a compensation;
 * and what they are, in words: their type, the values that they need, and how many.
 */

import { type Correlation, termsOf } from "../../core/correlation.ts";
import { countOf } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { isMet } from "../../core/expectations.ts";
import { isReserved, type LogId } from "../../core/ids.ts";
import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  policyEvents,
  type PolicyRole,
  requiredMatches,
} from "../../core/job_plan.ts";
import { hasCode, type JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";

export interface OpenExpectation {
  readonly expected: ExpectedEvent;
  readonly matched: number;
  /** The entries that counted. */
  readonly by: readonly LogId[];
}

/** In the order of the plan, without the end of `run`, which no event from outside causes. */
export function openExpectations(job: JobState): readonly OpenExpectation[] {
  if (job.state === "Compensating") return compensationEvents(job);
  if (job.state !== "Created" && job.state !== "Running") return [];
  return job.plan.expected.flatMap((expected, index) => {
    const progress = job.expected[index] ?? { matched: 0, by: [], surplus: 0 };
    const isOpen = expected.id !== MAIN_EXPECTATION_ID && !isMet(expected, progress);
    return isOpen ? [{ expected, matched: progress.matched, by: progress.by }] : [];
  });
}

/** A compensation driven from outside ends with one event or the other. */
function compensationEvents({ plan, tasks }: JobState): readonly OpenExpectation[] {
  const policy = plan.policy.compensation;
  if (policy === undefined || tasks.some(({ compensable }) => compensable)) return [];
  return [
    asExpectation("compensation succeeded", policy.succeeded),
    asExpectation("compensation failed", policy.failed),
  ];
}

/** An event that the policy of a job names, in the form of an expectation. */
interface PolicyTarget extends OpenExpectation {
  readonly role: PolicyRole;
}

/** The most events of a policy that others are compared with. */
const POLICY_TARGETS_MAX = 16;

/** What an event may have been meant for that met no expectation; ids have a space, unlike others. */
export function policyTargets({ state, plan }: JobState): readonly PolicyTarget[] {
  return state === "Created" || state === "Running" ? policyExpectations(plan) : [];
}

export function policyExpectations(plan: JobPlan): readonly PolicyTarget[] {
  return policyEvents(plan.policy).filter(({ matcher }) => !isReserved(matcher.eventType))
    .slice(0, POLICY_TARGETS_MAX)
    .map(({ role, matcher }, at) => ({ ...asExpectation(`policy ${at + 1}`, matcher), role }));
}

function asExpectation(id: string, matcher: EventMatcher): OpenExpectation {
  const expected: ExpectedEvent = {
    id,
    kind: "ExternalSignal",
    matcher,
    multiplicity: "ExactlyOnce",
  };
  return { expected, matched: 0, by: [] };
}

/** The events of controls, which can be used on any running job. */
const OF_CONTROLS: readonly string[] = ["job.JobSuspended", "job.JobResumed"];

/** Whether nothing can cause such an event for the job, neither its code nor a person. */
export function isUnmeetable(job: JobState, expected: ExpectedEvent): boolean {
  return !hasCode(job) && isOwnEvent(expected) &&
    !OF_CONTROLS.includes(expected.matcher.eventType);
}

/** Whether only the framework records such an event. */
export function isOwnEvent({ matcher }: ExpectedEvent): boolean {
  return isReserved(matcher.eventType);
}

/** What an expectation wants: `ec.shipment.ShipmentCompleted where orderId = "42"`. */
export function wantedText({ matcher, taskId }: ExpectedEvent): string {
  return matcherText(matcher, taskId === undefined ? "" : ` of task ${taskId}`);
}

/** `shop.Paid where orderId = 42`. */
export function matcherText({ eventType, correlation }: EventMatcher, ofTask = ""): string {
  const where = correlation === "any" ? "" : ` where ${correlationText(correlation)}`;
  return `${eventType}${ofTask}${where}`;
}

/** `within 3 d of the start, or it is waived`. */
export function deadlineText({ ms, otherwise }: { ms: number; otherwise: string }): string {
  const end = otherwise === "fail" ? "the job fails" : "it is waived";
  return `within ${durationText(ms)} of the start, or ${end}`;
}

/** `1 of 3`. */
export function matchedText(expected: ExpectedEvent, matched: number): string {
  return countOf(matched, requiredMatches(expected.multiplicity));
}

const ANYTHING = "any attributes";
export const NEVER = "never";

/** `orderId = "42" and region = "EU"`. */
export function correlationText(correlation: Correlation): string {
  if (correlation === "any") return ANYTHING;
  if ("all" in correlation) return joined(correlation.all, " and ", ANYTHING);
  if ("anyOf" in correlation) return joined(correlation.anyOf, " or ", NEVER);
  if ("not" in correlation) return `not ${grouped(correlation.not)}`;
  const is = "in" in correlation ? "is" : "=";
  const terms = termsOf(correlation).map(([path, allowed]) =>
    `${shownText(path)} ${is} ${choiceText(allowed)}`
  );
  return terms.join(" and ") || ANYTHING;
}

/** A single part stands alone. */
function joined(parts: readonly Correlation[], word: string, ofNone: string): string {
  const [only, another] = parts;
  if (only === undefined) return ofNone;
  return another === undefined ? correlationText(only) : parts.map(grouped).join(word);
}

/** In brackets when "and" and "or" would be ambiguous. */
function grouped(correlation: Correlation): string {
  const text = correlationText(correlation);
  return isCompound(correlation) ? `(${text})` : text;
}

function isCompound(correlation: Correlation): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  if ("equals" in correlation || "in" in correlation) return termsOf(correlation).length > 1;
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  const [only] = parts;
  return parts.length > 1 || (only !== undefined && isCompound(only));
}

export const ONE_OF = "one of ";
/** How many of several allowed values are named. */
export const VALUES_SHOWN_MAX = 5;

/** The value, or `one of "EU", "US"`. */
export function choiceText(values: readonly JsonScalar[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return shownScalar(only);
  if (values.length === 0) return `${ONE_OF}none`;
  const more = values.length - VALUES_SHOWN_MAX;
  const shown = values.slice(0, VALUES_SHOWN_MAX).map(shownScalar).join(", ");
  return `${ONE_OF}${shown}${more > 0 ? ` and ${more} more` : ""}`;
}
