/** Finds, among the matchers that an event missed, the one that it came nearest to. */

import { assertNever } from "../../core/assert_never.ts";
import { isSettled } from "../../core/expectations.ts";
import { holdsInPart } from "../../core/correlation.ts";
import { NEARNESS_EFFORT_MAX } from "../../core/effort.ts";
import type { MatchableEvent, PolicyRole } from "../../core/job_plan.ts";
import { isTerminal, type JobHead } from "../../core/job_state.ts";
import {
  correlationMismatches,
  type Mismatch,
  mismatchesText,
  mismatchesWith,
} from "../../explain/mismatch.ts";
import { correlationDistance, expectationDistance } from "../../explain/nearness.ts";
import type { Wanted } from "./type_index.ts";
import type { NearestExpectation } from "../receipt.ts";

/** The most clauses that a receipt lists. */
const CLAUSES_MAX = 10;

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
  if (isTerminal(job)) return `the job is ${job.state} since entry ${job.endedBy}`;
  return job.state === "Created" ? "the job has not started" : `the job is ${job.state}`;
}

/** Whether the event has any of the wanted values, even if only nearly or at another path. */
export function hasInCommon(
  { wanted }: Missed,
  clauses: readonly Mismatch[],
  event: MatchableEvent,
): boolean {
  if (clauses.some(({ close, elsewhere }) => close || elsewhere?.close === true)) return true;
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
export function ownSubjectText(missed: Missed): string {
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
