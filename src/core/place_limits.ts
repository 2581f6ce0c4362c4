/** Limits of a type of job, and those that an operator set in place of them, as a pure fold. */

import { durationText } from "./duration.ts";
import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";
import { countText } from "./size.ts";

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

/** The limits in force in place of those in the code. */
export interface ChangedLimits {
  readonly type: string;
  readonly limits: PlaceLimits;
  readonly reason: string;
  /** The `job.LimitsChanged` entry, and its time. */
  readonly by: LogId;
  readonly since: string;
  /** The name beside the token of the request. */
  readonly actor?: string;
}

/** The changes in force after an entry; the same array when the entry is not about limits. */
export function noteLimits(
  changed: readonly ChangedLimits[],
  entry: JobEventLogEntry,
): readonly ChangedLimits[] {
  if (entry.stratum !== "framework") return changed;
  if (entry.eventType !== "job.LimitsChanged" && entry.eventType !== "job.LimitsRestored") {
    return changed;
  }
  const others = changed.filter(({ type }) => type !== entry.attributes.type);
  if (entry.eventType === "job.LimitsRestored") return others;
  const { logId: by, receivedAt: since, actor, attributes } = entry;
  return [...others, { ...attributes, by, since, ...(actor === undefined ? {} : { actor }) }];
}
