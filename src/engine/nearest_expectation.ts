/** Of expectations that an event missed, the one that it came nearest to. */

import { isSatisfied } from "../core/condition.ts";
import type { ExpectedEvent, MatchableEvent } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import { distanceOf, type Mismatch, mismatchesText, mismatchesWith } from "../core/mismatch.ts";
import type { NearestExpectation } from "./requests.ts";

/** More clauses than this a receipt does not list. */
const CLAUSES_MAX = 10;

/** An expectation of a job, with the clauses that an event of its type fails. */
export interface Missed {
  readonly job: JobState;
  readonly expected: ExpectedEvent;
  readonly clauses: readonly Mismatch[];
}

export function missed(job: JobState, expected: ExpectedEvent, event: MatchableEvent): Missed {
  return { job, expected, clauses: mismatchesWith(expected, event) };
}

/**
 * Those that still wait come before those that no event could serve, then the nearest,
 * then the oldest job.
 */
export function nearestOf(all: readonly Missed[]): Missed | undefined {
  let nearest: Missed | undefined;
  for (const one of all) {
    if (nearest === undefined || compare(one, nearest) < 0) nearest = one;
  }
  return nearest;
}

export function nearestExpectation({ job, expected, clauses }: Missed): NearestExpectation {
  return {
    jobId: job.jobId,
    state: job.state,
    expectation: expected.id,
    reason: clauses.length === 0 ? "the job has not started" : mismatchesText(clauses),
    clauses: clauses.slice(0, CLAUSES_MAX),
  };
}

/** Its id, and why an event would not count for it even if it matched. */
export function expectationName({ job, expected }: Missed): string {
  if (job.state !== "Running") return `${expected.id} (state is ${job.state})`;
  return isSatisfied(job, expected.id) ? `${expected.id} (satisfied)` : expected.id;
}

function compare(left: Missed, right: Missed): number {
  return rank(left) - rank(right) ||
    distanceOf(left.clauses) - distanceOf(right.clauses) ||
    left.job.firstLogId - right.job.firstLogId;
}

function rank({ job, expected }: Missed): number {
  return job.state === "Running" && !isSatisfied(job, expected.id) ? 0 : 1;
}
