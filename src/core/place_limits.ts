/** Limits of a type of job, and those that an operator has put in the place of its code's. */

import { durationText } from "./duration.ts";
import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";

/** At most `count` jobs begin within any `perMs` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** How many places there are; absent is no limit. */
export interface PlaceLimits {
  /** Of all keys together. */
  readonly maxRunning?: number;
  /** Of one key. */
  readonly perKey?: number;
  readonly rate?: Rate;
}

/** `maxRunning 6, rate 9 per 1 min`. */
export function limitsText({ maxRunning, perKey, rate }: PlaceLimits): string {
  const texts = [
    ...maxRunning === undefined ? [] : [`maxRunning ${maxRunning}`],
    ...perKey === undefined ? [] : [`perKey ${perKey}`],
    ...rate === undefined ? [] : [`rate ${rate.count} per ${durationText(rate.perMs)}`],
  ];
  return texts.length === 0 ? "no limit" : texts.join(", ");
}

/** In force until they are taken back. */
export interface ChangedLimits {
  readonly type: string;
  readonly limits: PlaceLimits;
  readonly reason: string;
  /** The `job.LimitsChanged` entry, and its time. */
  readonly by: LogId;
  readonly since: string;
  /** Whose token it was asked for with. */
  readonly actor?: string;
}

/** Those in force after an entry; the same array where it is about none. */
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
