/**
 * What steps have returned in all jobs since a stop of the process, and only in some before it, as
 * when newer code no longer distinguishes what it should.
 */

import type { JsonScalar } from "../../core/json.ts";
import { type ComparedJob, type Facts, RESULT, type Trait, VERSION } from "./compared_job.ts";

/** Fewer jobs on either side show nothing. */
export const STEADY_MIN = 10;
/** How likely it may be that all since then have the value by chance. */
const CHANCE_MAX = 0.001;

export interface Steadied {
  readonly trait: Trait;
  /** How many jobs before the stop had the value too. */
  readonly had: number;
}

/**
 * `undefined` too if what the jobs were given has become as steady.
 *
 * @param areAll Otherwise, there may be more of both, and only what more cannot change counts.
 */
export function findSteadied(
  since: readonly ComparedJob[],
  before: readonly ComparedJob[],
  areAll: boolean,
): Steadied | undefined {
  if (since.length < STEADY_MIN || before.length < STEADY_MIN) return undefined;
  const chanceMax = areAll ? CHANCE_MAX : 1;
  const of = (part: (job: ComparedJob) => Facts) =>
    steadied(since.map(part), before.map(part), chanceMax);
  const isGiven = of(({ given }) => given).some(({ trait }) => trait.name !== VERSION);
  if (areAll && isGiven) return undefined;
  const given = new Set(since[0]?.given.values().flatMap((values) => values));
  return of(({ doneBy }) => doneBy).find(({ trait: { name, value = null } }) =>
    name.startsWith(RESULT) && !given.has(value)
  );
}

function steadied(
  since: readonly Facts[],
  before: readonly Facts[],
  chanceMax: number,
): readonly Steadied[] {
  return [...since[0] ?? []].flatMap(([name, [value, another]]): Steadied[] => {
    if (value === undefined || another !== undefined) return [];
    const hasIt = (facts: Facts) => isOnly(facts.get(name), value);
    if (!since.every(hasIt) || !before.every((facts) => facts.get(name)?.length === 1)) return [];
    const had = before.filter(hasIt).length;
    const chance = (had / before.length) ** since.length;
    return had === before.length || chance > chanceMax ? [] : [{ trait: { name, value }, had }];
  });
}

function isOnly(values: readonly JsonScalar[] | undefined, value: JsonScalar): boolean {
  return values?.length === 1 && values[0] === value;
}
