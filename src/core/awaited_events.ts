/** The events that could still move a job: those of open expectations, or the end of a compensation. */

import { isMet } from "./expectations.ts";
import { isReserved, type LogId } from "./ids.ts";
import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  policyEvents,
  type PolicyRole,
} from "./job_plan.ts";
import { hasCode, type JobState } from "./job_state.ts";

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

/**
 * What an event that met no expectation may have been meant for. Unlike those of expectations, these
 * ids contain a space.
 */
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
