/** The progress of the expectations of a job: when each is met, and how matches are counted. */

import { ascending } from "./ascending.ts";
import { isReserved, type LogId } from "./ids.ts";
import { type ExpectedEvent, type JobPlan, requiredMatches } from "./job_plan.ts";
import type { ExpectationState, JobHead } from "./job_state.ts";

export const UNMATCHED: ExpectationState = { matched: 0, by: [], surplus: 0 };

/** Whether an expectation is satisfied: it has all its matches, or is waived. */
export function isMet({ multiplicity }: ExpectedEvent, progress: ExpectationState): boolean {
  return progress.matched >= requiredMatches(multiplicity) || progress.waived !== undefined;
}

/** The same for the expectation at an index of the plan; `false` when there is none. */
export function isMetAt(job: JobHead, index: number): boolean {
  const expected = job.plan.expected[index];
  const progress = job.expected[index];
  return expected !== undefined && progress !== undefined && isMet(expected, progress);
}

/** The same for the expectation with a name; `false` when there is none. */
export function isSettled(job: JobHead, expectation: string): boolean {
  return isMetAt(job, indexOf(job, expectation));
}

export function allSatisfied(job: JobHead): boolean {
  return job.plan.expected.every((_, index) => isMetAt(job, index));
}

/** The progress of an expectation; `undefined` when the plan has none with this name. */
export function expectationProgress(job: JobHead, expectation: string) {
  const index = indexOf(job, expectation);
  const [expected, progress] = [job.plan.expected[index], job.expected[index]];
  return expected && progress && { index, expected, progress };
}

/** The events from outside that counted for a job: for its retry they count again. */
export function countedFacts({ plan, expected }: JobHead): readonly LogId[] {
  return ascending(
    plan.expected.flatMap(({ matcher }, at) =>
      isReserved(matcher.eventType) ? [] : expected[at]?.by ?? []
    ),
  );
}

/** For longer plans, the positions are kept: each timed wait may ask for one. */
const SHORT = 16;

const positions = new WeakMap<JobPlan, ReadonlyMap<string, number>>();

/** The position of an expectation in its plan; -1 when the plan has none with this name. */
export function indexOf({ plan }: JobHead, expectation: string): number {
  const { expected } = plan;
  if (expected.length <= SHORT) return expected.findIndex(({ id }) => id === expectation);
  let known = positions.get(plan);
  if (known === undefined) {
    known = new Map(expected.map(({ id }, index) => [id, index]));
    positions.set(plan, known);
  }
  return known.get(expectation) ?? -1;
}

/** The same progress, sharing equal neighbours as the projector does. */
export function shared(expected: readonly ExpectationState[]): readonly ExpectationState[] {
  let last: ExpectationState | undefined;
  return expected.map((progress) => {
    if (last === undefined || !areEqual(progress, last)) last = progress;
    return last;
  });
}

function areEqual(left: ExpectationState, right: ExpectationState): boolean {
  return left.matched === right.matched && left.surplus === right.surplus &&
    left.waived === right.waived &&
    left.by.length === right.by.length && left.by.every((logId, at) => logId === right.by[at]);
}

// Each state has a list of its matches, and copying the list for each match is quadratic: at ten
// thousand matches it took a third of the time of folding a job. So the states of a long list share
// one growing list, and each copies its own part when that is read.

/** Shorter lists are copied. */
const LONG = 64;

/** The growing list of a state, until a later state continues it: a large map is slow to collect. */
const growing = new WeakMap<ExpectationState, LogId[]>();

/** Counts one more match. */
export function withMatch(progress: ExpectationState, logId: LogId): ExpectationState {
  const { matched, surplus } = progress;
  if (matched < LONG) return { matched: matched + 1, by: [...progress.by, logId], surplus };
  const all = growing.get(progress) ?? [...progress.by];
  all.push(logId);
  growing.delete(progress);
  const next = firstMatches(all, surplus);
  growing.set(next, all);
  return next;
}

function firstMatches(all: readonly LogId[], surplus: number): ExpectationState {
  const matched = all.length;
  let by: readonly LogId[] | undefined;
  return {
    matched,
    get by() {
      return by ??= all.slice(0, matched);
    },
    surplus,
  };
}
