/** Limits of a type of job. */

import { durationText } from "./duration.ts";
import { countText } from "./counted.ts";

/** At most `count` jobs begin within any `perMs` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** The number of places; absent means no limit. */
export interface PlaceLimits {
  /** For all keys together. */
  readonly maxRunning?: number;
  /** For each key. */
  readonly perKey?: number;
  readonly rate?: Rate;
}

/** How many places or starts per millisecond a limit allows. */
export function limitSize(limits: PlaceLimits, limit: keyof PlaceLimits): number {
  const { rate } = limits;
  if (limit !== "rate") return limits[limit] ?? Infinity;
  return rate === undefined ? Infinity : rate.count / rate.perMs;
}

export function isSameLimit(
  one: PlaceLimits,
  other: PlaceLimits,
  limit: keyof PlaceLimits,
): boolean {
  return JSON.stringify(one[limit]) === JSON.stringify(other[limit]);
}

/** `maxRunning 6, rate 9 per 1 min`. */
export function limitsText({ maxRunning, perKey, rate }: PlaceLimits): string {
  const texts = [
    ...maxRunning === undefined ? [] : [`maxRunning ${countText(maxRunning)}`],
    ...perKey === undefined ? [] : [`perKey ${countText(perKey)}`],
    ...rate === undefined ? [] : [`rate ${countText(rate.count)} per ${durationText(rate.perMs)}`],
  ];
  return texts.length === 0 ? "no limit" : texts.join(", ");
}
