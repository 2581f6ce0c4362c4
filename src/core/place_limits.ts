/** Limits of a type of job. */

import { durationText } from "./duration.ts";
import { countText } from "./counted.ts";

/** How many jobs of a type may run, and how many may start; an absent member means no limit. */
export interface LimitValues {
  /** Jobs that run at a time, of all keys together. */
  readonly maxRunning?: number;
  /** Jobs that run at a time, of one key. */
  readonly perKey?: number;
  /** At most `count` jobs start within any `perMs` milliseconds. */
  readonly rate?: { readonly count: number; readonly perMs: number };
}

export type Rate = NonNullable<LimitValues["rate"]>;

/** How many places or starts per millisecond a limit allows. */
export function limitSize(limits: LimitValues, limit: keyof LimitValues): number {
  const { rate } = limits;
  if (limit !== "rate") return limits[limit] ?? Infinity;
  return rate === undefined ? Infinity : rate.count / rate.perMs;
}

/** The key of a job by which a limit counts; `undefined` if it counts all jobs of the type. */
export function keyCounted(
  limit: keyof LimitValues,
  { key, rateKey }: {
    readonly key?: string | undefined;
    readonly rateKey?: string | undefined;
  },
): string | undefined {
  return limit === "rate" ? rateKey : limit === "perKey" ? key : undefined;
}

export function isSameLimit(
  one: LimitValues,
  other: LimitValues,
  limit: keyof LimitValues,
): boolean {
  return JSON.stringify(one[limit]) === JSON.stringify(other[limit]);
}

/** `maxRunning 6, rate 9 per 1 min`. */
export function limitsText({ maxRunning, perKey, rate }: LimitValues): string {
  const texts = [
    ...maxRunning === undefined ? [] : [`maxRunning ${countText(maxRunning)}`],
    ...perKey === undefined ? [] : [`perKey ${countText(perKey)}`],
    ...rate === undefined ? [] : [`rate ${countText(rate.count)} per ${durationText(rate.perMs)}`],
  ];
  return texts.length === 0 ? "no limit" : texts.join(", ");
}
