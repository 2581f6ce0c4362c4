/** How far a job is with steps that differ in numbers only, such as `chunk-1` and `chunk-2`. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { type CompletedTask, type JobState, runningTasks } from "../../core/job_state.ts";
import { medianOf } from "../ended/time_spent.ts";
import type { ComparedJob } from "../likeness/compared_job.ts";
import { stepsLike } from "../past/numbered_steps.ts";
import { clockReasons } from "../past/process_history.ts";
import type { Case, SeriesTotal } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { capital } from "../words/phrases.ts";
import { endAtRate } from "./due_times.ts";

/** Fewer say little about the others. */
const DONE_MIN = 3;

/** The completed steps that are numbered like one that is running; none if there are only a few. */
export function openSeries(job: JobState): readonly CompletedTask[] {
  for (const { taskId } of runningTasks(job)) {
    const done = stepsLike(job, taskId);
    if (done.length >= DONE_MIN) return done;
  }
  return [];
}

/** Numbers of which the number of steps may be a share, by name. */
export type Amounts = ReadonlyMap<string, number>;

export function amountsOf({ given, lengths, doneBy, doneLengths }: ComparedJob): Amounts {
  return new Map(
    [given, lengths, doneBy, doneLengths].flatMap((facts) =>
      facts.entries().flatMap(([name, [value, ...others]]) =>
        typeof value === "number" && value > 0 && others.length === 0
          ? [[name, value] as const]
          : []
      ).toArray()
    ),
  );
}

/** A job that has ended: its numbers, and how many such steps it had. */
export interface EndedSeries {
  readonly amounts: Amounts;
  readonly steps: number;
}

/** The fewest jobs that show what the number of steps follows. */
const ENDED_MIN = 3;
/** How many times the least estimate the most may be. */
const SPREAD_MAX = 1.25;

/**
 * How many such steps a job will have. If all others had as many, it will; otherwise, a number that
 * is divided into steps of one size in all others, the last of which may be smaller.
 */
export function expectedTotal(
  amounts: Amounts,
  others: readonly EndedSeries[],
  done: number,
): SeriesTotal | undefined {
  const [{ steps = 0 } = {}] = others;
  if (others.length < ENDED_MIN) return undefined;
  const found: SeriesTotal[] = others.every((other) => other.steps === steps)
    ? [{ jobs: others.length, least: steps, most: steps }]
    : [...amounts].flatMap(([name, value]) => {
      const size = stepSize(others, name);
      if (size === undefined) return [];
      const [least, most] = [Math.ceil(value / size.most), Math.ceil(value / size.least)];
      return [{ jobs: others.length, by: { name, value }, least, most }];
    });
  return found
    .filter(({ least, most }) => most > done && most <= SPREAD_MAX * Math.max(least, done + 1))
    .toSorted((one, other) => one.most / one.least - other.most / other.least)
    .map((total) => ({ ...total, least: Math.max(total.least, done + 1) }))[0];
}

/** Between what sizes of a step each of the others has as many steps as it had. */
function stepSize(others: readonly EndedSeries[], name: string) {
  let [least, most] = [0, Infinity];
  for (const { amounts, steps } of others) {
    const amount = amounts.get(name) ?? NaN;
    least = Math.max(least, amount / steps);
    most = Math.min(most, steps > 1 ? amount / (steps - 1) : Infinity);
  }
  // Of a list, most often each element has a step of its own.
  if (least <= 1 && most > 1) return { least: 1, most: 1 };
  return least < most && most < Infinity ? { least, most } : undefined;
}

/**
 * `61 tasks such as chunk-61 have completed since ..., each in 38 s in the median.`, and if it is
 * known, how many there will be and until when, at the rate of those that ran here.
 */
export function seriesReasons(known: Case): Reasons {
  const { series } = known;
  const ran = series?.done.filter(({ reusedFrom }) => reusedFrom === undefined) ?? [];
  const [first] = ran;
  const last = ran.toSorted((one, other) => one.completedBy - other.completedBy).at(-1);
  if (series === undefined || first === undefined || last === undefined) return [];
  if (ran.length < DONE_MIN || clockReasons(known).length > 0) return [];
  const { done, total } = series;
  const { medianMs } = medianOf(ran.map((task) => lengthMs(task.startedAt, task.endedAt)));
  const left = (total?.most ?? 0) - done.length;
  const end = endAtRate(first.startedAt, last.endedAt, { done: ran.length, left });
  const statement = `${done.length} tasks such as ${last.taskId} have completed since ` +
    `${first.startedAt}, each in ${durationText(medianMs)} in the median.${
      total === undefined || end === undefined
        ? ""
        : `${totalText(total)}: until about ${end} at this rate.`
    }`;
  return [reason(statement, last.completedBy, first.firstLogId)];
}

/** ` Judging by the 4 jobs of its type before it, input.rows = 60000 means 120 of them`. */
function totalText({ by, jobs, least, most }: SeriesTotal): string {
  const count = least === most ? `${most}` : `${least} to ${most}`;
  const before = `the ${jobs} jobs of its type before it`;
  return by === undefined
    ? ` ${capital(before)} had ${count}`
    : ` Judging by ${before}, ${by.name} = ${by.value} means ${count} of them`;
}
