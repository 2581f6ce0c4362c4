/** Numbers, lengths of texts, and numbers at the end of texts that lie beyond those of all others. */

import type { JsonScalar } from "../../core/json.ts";
import { shownScalar } from "../../core/shown_value.ts";
import { type ComparedJob, type Facts, LENGTH, type Trait } from "./compared_job.ts";

/** How far beyond the number of a single job has to be: another unit. */
export const FAR = 10;

/** What of a job is compared. */
export type Part = (job: ComparedJob) => Facts;

/** A number of a job, and how it is shown as a limit. */
interface Measure {
  readonly job: ComparedJob;
  readonly number: number;
  readonly shown: string;
}

export interface How {
  /** Without it there may be more of both, and these need not follow the order of creation. */
  readonly areAll: boolean;
  /** How many times beyond. */
  readonly far: number;
  /** Also more times beyond the others than these are apart, as amounts of money may be. */
  readonly isByFar?: boolean;
  /** Not those that are less than those of all others. */
  readonly isMore?: boolean;
  /** How a number is shown as a limit. */
  readonly show?: (number: number) => string;
}

/** Numbers beyond those of all others; not those that only follow the order of creation. */
export function beyond(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  part: Part,
  { areAll, far, isByFar = false, isMore = false, show = String }: How,
): readonly Trait[] {
  return [...alike[0] === undefined ? [] : part(alike[0])].flatMap(([name, [value]]): Trait[] => {
    // The number of a name is no amount: it is not far beyond another.
    const series = far > 1 ? undefined : seriesOf(value);
    const isSeries = series !== undefined &&
      [...alike, ...others].every((job) => seriesOf(part(job).get(name)?.[0]) === series);
    const measures = (jobs: readonly ComparedJob[]) =>
      jobs.flatMap((job) => measure(job, part(job).get(name)?.[0], isSeries, show));
    const [mine, theirs] = [measures(alike), measures(others)];
    if (mine.length < alike.length || theirs.length < others.length) return [];
    const [lowest, highest] = extremes(mine);
    const [least, most] = extremes(theirs);
    if (lowest === undefined || highest === undefined) return [];
    if (least === undefined || most === undefined) return [];
    const times = isByFar ? Math.max(far, most.number / Math.max(least.number, 1)) : far;
    const isMeasure = far > 1 ? most.number > 0 : most.number >= 0;
    const isOver = isMeasure && lowest.number > most.number * times;
    const isUnder = !isMore && least.number > 0 && highest.number * times < least.number;
    if (!isOver && !isUnder) return [];
    // A number that all others have is compared as a value.
    if (areAll && (least.number === most.number || followTime(mine, theirs, isSeries))) return [];
    const limit = isOver ? `at most ${most.shown}` : `at least ${least.shown}`;
    if (isSeries) return [{ name, value: value ?? null, others: limit }];
    const what = typeof value === "string" ? LENGTH + name : name;
    return [{ name: what, value: mine[0]?.number ?? 0, others: limit }];
  });
}

/** Digits at the end of a text. More would not be exact as a number. */
const SERIES = /^(.*?)(\d{1,15})$/s;

/** `SKU-4` of `SKU-0700`: the text before the digits at its end, and how many these are. */
function seriesOf(value: JsonScalar | undefined): string | undefined {
  const [, prefix, digits] = typeof value === "string" ? SERIES.exec(value) ?? [] : [];
  return digits === undefined ? undefined : `${prefix}${digits.length}`;
}

function measure(
  job: ComparedJob,
  value: JsonScalar | undefined,
  isSeries: boolean,
  show: (number: number) => string,
): readonly Measure[] {
  if (typeof value === "number") return [{ job, number: value, shown: show(value) }];
  if (typeof value !== "string") return [];
  const number = isSeries ? Number(SERIES.exec(value)?.[2]) : value.length;
  return [{ job, number, shown: isSeries ? shownScalar(value) : `${number}` }];
}

function extremes(measures: readonly Measure[]): readonly [Measure?, Measure?] {
  const sorted = measures.toSorted((one, other) => one.number - other.number);
  const [least, most] = [sorted[0], sorted.at(-1)];
  return least === undefined || most === undefined ? [] : [least, most];
}

/** The share of pairs in order by which numbers grow or fall from job to job. Some overtake others. */
const IN_ORDER_MIN = 0.9;

/**
 * Whether the numbers grow from job to job, as those of orders do, or fall, as when a backfill
 * begins with the newest: then all that failed since some moment are beyond the others, and their
 * time says it better. Names with numbers may be created in any order within one batch, so those of
 * the others need not grow.
 */
function followTime(
  mine: readonly Measure[],
  theirs: readonly Measure[],
  isSeries: boolean,
): boolean {
  const share = inOrder(mine, theirs);
  if (share >= IN_ORDER_MIN) return isSeries || inOrder(theirs, theirs) >= IN_ORDER_MIN;
  return Math.max(share, inOrder(theirs, theirs)) <= 1 - IN_ORDER_MIN;
}

/** The share of pairs by which numbers grow from job to job. */
function inOrder(some: readonly Measure[], others: readonly Measure[]): number {
  let [growing, all] = [0, 0];
  for (const one of some) {
    for (const other of others) {
      if (one.number === other.number) continue;
      all++;
      if (one.number < other.number === one.job.firstLogId < other.job.firstLogId) growing++;
    }
  }
  return all === 0 ? 1 : growing / all;
}
