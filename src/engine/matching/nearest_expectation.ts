/**
 * Finds, among the matchers that an event missed, the one that it came nearest to, and says why the
 * event had no effect.
 */

import { assertNever } from "../../core/assert_never.ts";
import { isMet, isSettled } from "../../core/expectations.ts";
import { holdsInPart } from "../../core/correlation.ts";
import { matcherEffort, NEARNESS_EFFORT_MAX } from "../../core/effort.ts";
import {
  type MatchableEvent,
  type PolicyEvent,
  policyEvents,
  type PolicyRole,
} from "../../core/job_plan.ts";
import { isTerminal, type JobHead, type JobState } from "../../core/job_state.ts";
import { nearestName } from "../../explain/likeness/names.ts";
import {
  CLAUSES_MAX,
  correlationDistance,
  correlationMismatches,
  expectationDistance,
  isClose,
  type Mismatch,
  mismatchesText,
  mismatchesWith,
} from "../../explain/likeness/mismatch.ts";
import type { Wanted } from "./type_index.ts";
import type { NearestExpectation } from "../requests.ts";
import { isReserved } from "../../core/ids.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Applied } from "../../core/job_fold.ts";

/** The budget for comparing one event. */
export class Comparisons {
  #left: number;

  /**
   * @param effort Once it is used up, nothing more is compared. The last comparison may exceed it.
   */
  constructor(effort: number = NEARNESS_EFFORT_MAX) {
    this.#left = effort;
  }

  get areOver(): boolean {
    return this.#left <= 0;
  }

  /** The leading matchers within the budget. */
  take<Item>(items: Iterable<Item>, effortOf: (item: Item) => number): readonly Item[] {
    const taken: Item[] = [];
    for (const item of items) {
      if (this.areOver) break;
      this.#left -= effortOf(item);
      taken.push(item);
    }
    return taken;
  }

  /** Charges work by the number of things compared. */
  spend(looked: number): void {
    this.#left -= looked / 10;
  }
}

/** A matcher of a job, with which an event of its type is compared. */
export interface Missed {
  readonly job: JobHead;
  readonly wanted: Wanted;
  /** How far the event is from it; 0 when only the time is wrong. */
  readonly distance: number;
}

export function missed(job: JobHead, wanted: Wanted, event: MatchableEvent): Missed {
  const distance = "role" in wanted
    ? correlationDistance(wanted.matcher.correlation, event.attributes)
    : expectationDistance(wanted, event);
  return { job, wanted, distance };
}

/** The clauses that the event fails. When many matchers are compared, only for the nearest. */
export function failingClauses({ wanted }: Missed, event: MatchableEvent): readonly Mismatch[] {
  return "role" in wanted
    ? correlationMismatches(wanted.matcher.correlation, event.attributes)
    : mismatchesWith(wanted, event);
}

/**
 * Open matchers come before those that no event can meet any more, then the nearest, then
 * expectations, then the oldest job.
 */
export function nearestMiss(all: readonly Missed[]): Missed | undefined {
  let nearest: Missed | undefined;
  for (const one of all) {
    if (nearest === undefined || compare(one, nearest) < 0) nearest = one;
  }
  return nearest;
}

/** Whether other jobs are equally near, so that only age decides which one is named. */
export function asNear(all: readonly Missed[], nearest: Missed): readonly JobHead[] {
  const jobs = all.filter((one) => one.job !== nearest.job && isAsNear(one, nearest))
    .map(({ job }) => job);
  return [...new Set(jobs)];
}

function isAsNear(left: Missed, right: Missed): boolean {
  return isIdle(left) === isIdle(right) && left.distance === right.distance &&
    "role" in left.wanted === "role" in right.wanted;
}

/** @param otherwise Why an event that fails no clause did not count. */
export function nearestExpectation(
  { job, wanted }: Missed,
  clauses: readonly Mismatch[],
  otherwise = untimelyText(job),
): NearestExpectation {
  const facts = {
    jobId: job.jobId,
    state: job.state,
    reason: clauses.length === 0 ? otherwise : mismatchesText(clauses),
    clauses: clauses.slice(0, CLAUSES_MAX),
  };
  return "role" in wanted
    ? { ...facts, policy: wanted.role }
    : { ...facts, expectation: wanted.id };
}

/** Why a job does not accept an event that it wanted. */
export function untimelyText(job: JobHead): string {
  if (isTerminal(job)) return `the job has been ${job.state} since entry ${job.endedBy}`;
  return job.state === "Created" ? "the job has not started" : `the job is ${job.state}`;
}

/** Whether the event has any of the wanted values, even if only nearly or at another path. */
export function hasInCommon(
  { wanted }: Missed,
  clauses: readonly Mismatch[],
  event: MatchableEvent,
): boolean {
  if (clauses.some(isClose)) return true;
  const { correlation } = wanted.matcher;
  const isOfTask = !("role" in wanted) && wanted.taskId !== undefined &&
    wanted.taskId === event.taskId;
  return isOfTask || holdsInPart(correlation, event.attributes);
}

/** `expectation paid of job j1`, and why an event would not count for it if it matched. */
export function subjectText(missed: Missed): string {
  const { job, wanted } = missed;
  const name = "role" in wanted
    ? `${POLICY_EVENTS[wanted.role]} of the ${POLICY_OWNERS[wanted.role]}`
    : `expectation ${wanted.id}${remarkOn(missed)}`;
  return `${name} of job ${job.jobId}`;
}

/** The same in a text that is already about the job. */
function ownSubjectText(missed: Missed): string {
  const { wanted } = missed;
  return "role" in wanted
    ? `${POLICY_EVENTS[wanted.role]} of its ${POLICY_OWNERS[wanted.role]}`
    : `${wanted.id}${remarkOn(missed)}`;
}

const POLICY_EVENTS: Readonly<Record<PolicyRole, string>> = {
  errors: "the error event",
  succeeded: "the end",
  failed: "the failed end",
};

const POLICY_OWNERS: Readonly<Record<PolicyRole, string>> = {
  errors: "policy",
  succeeded: "compensation",
  failed: "compensation",
};

/** A wrong time alone is reported separately. */
function remarkOn({ job, wanted, distance }: Missed): string {
  if ("role" in wanted || distance === 0) return "";
  if (job.state !== "Running") return ` (state is ${job.state})`;
  return isSettled(job, wanted.id) ? " (satisfied)" : "";
}

function compare(left: Missed, right: Missed): number {
  return Number(isIdle(left)) - Number(isIdle(right)) ||
    left.distance - right.distance ||
    Number("role" in left.wanted) - Number("role" in right.wanted) ||
    left.job.firstLogId - right.job.firstLogId;
}

/** Whether no event could meet it now. */
export function isIdle({ job, wanted }: Missed): boolean {
  if (!("role" in wanted)) return job.state !== "Running" || isSettled(job, wanted.id);
  switch (wanted.role) {
    case "errors":
      return job.state !== "Running";
    case "succeeded":
    case "failed":
      return job.state !== "Compensating";
    default:
      return assertNever(wanted.role, "role");
  }
}

/** How many of the types that a job waits for are named. */
const TYPES_SHOWN_MAX = 3;

/** The part of the job's plan that the event came nearest to, if any is for its type. */
export function nearestInJob(
  job: JobHead,
  event: MatchableEvent,
  comparisons: Comparisons,
): Missed | undefined {
  const wanted = wantedNow(job);
  comparisons.spend(wanted.length);
  const ofType = wanted.filter(({ matcher }) => matcher.eventType === event.eventType);
  const compared = comparisons.take(ofType, ({ matcher }) => matcherEffort(matcher));
  return nearestMiss(compared.map((wanted) => missed(job, wanted, event)));
}

/** Why an event that reached a job had no effect there. */
export function missedText(step: Applied, nearest: Missed | undefined): string {
  const isRunning = step.rule === "running/record-only";
  const event = toMatchable(step.entry);
  if (nearest === undefined) {
    return isRunning ? unexpected(step.job, event) : `recorded only: state is ${step.job.state}`;
  }
  const why = mismatchesText(failingClauses(nearest, event));
  const what = isRunning ? "matched no expectation" : "recorded only";
  return `${what}: the nearest is ${ownSubjectText(nearest)}: ${why}`;
}

function wantedNow({ state, plan }: JobHead): readonly Wanted[] {
  switch (state) {
    case "Running":
      return [...plan.expected, ...policyEvents(plan.policy).filter(isError)];
    case "Compensating":
      return policyEvents(plan.policy).filter((event) => !isError(event));
    case "Created":
    case "Done":
    case "Failed":
      return [];
    default:
      return assertNever(state, "state");
  }
}

function isError({ role }: PolicyEvent): boolean {
  return role === "errors";
}

function unexpected(job: JobState, event: MatchableEvent): string {
  const none = `the plan expects no event of type ${event.eventType}`;
  const { eventType } = event;
  return policyEvents(job.plan.policy).some(({ matcher }) => matcher.eventType === eventType)
    ? `${none} but to end a compensation, and none is under way`
    : `${none}; ${stillWaitingFor(job, eventType)}`;
}

/** The types that the job still waits for; first the one that may have been meant. */
function stillWaitingFor(job: JobState, eventType: string): string {
  const open = job.plan.expected.filter((expected, index) => {
    const progress = job.expected[index];
    return !isReserved(expected.matcher.eventType) && progress !== undefined &&
      !isMet(expected, progress);
  });
  const types = new Set<string>(open.map(({ matcher }) => matcher.eventType));
  if (types.size === 0) return "it waits for no event from outside";
  const meant = nearestName(eventType, types);
  const ordered = [...new Set(meant === undefined ? types : [meant, ...types])];
  const shown = ordered.slice(0, TYPES_SHOWN_MAX).join(", ");
  const more = ordered.length - TYPES_SHOWN_MAX;
  return `it still waits for ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}
