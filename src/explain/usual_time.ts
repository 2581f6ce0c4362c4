/**
 * How long similar successful jobs took. The rule: it compares with at least five jobs that were
 * created before this one. This one took far longer if it took more than three times their median,
 * and at least a second more. With fewer jobs nothing is said.
 */

import type { JobState } from "../core/job_state.ts";
import { durationText } from "../core/duration.ts";

export interface UsualTime {
  /** How many jobs were compared. */
  readonly jobs: number;
  readonly medianMs: number;
}

const JOBS_MIN = 5;
const TIMES = 3;
const MORE_MS = 1_000;

/** `undefined` when there are too few. */
export function usualTime(lengthsMs: readonly number[]): UsualTime | undefined {
  if (lengthsMs.length < JOBS_MIN) return undefined;
  const sorted = lengthsMs.toSorted((left, right) => left - right);
  return { jobs: sorted.length, medianMs: sorted[sorted.length >> 1] ?? 0 };
}

/** Whether a job may have taken far longer than any usual time. */
export function mayBeLong(ms: number): boolean {
  return ms > MORE_MS;
}

export function isFarLonger(ms: number, usual: UsualTime | undefined): boolean {
  return usual !== undefined && ms > TIMES * usual.medianMs && ms > usual.medianMs + MORE_MS;
}

/** `where the 12 of its type before it took 40 ms in the median`. */
export function usualText({ jobs, medianMs }: UsualTime, { type }: JobState): string {
  const like = type === undefined ? "that waited for the same" : "of its type";
  return `where the ${jobs} ${like} before it took ${durationText(medianMs)} in the median`;
}
