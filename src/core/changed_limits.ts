/** Limits that an operator set in place of those in the code, as a pure fold. */

import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";
import type { LimitValues } from "./place_limits.ts";

export interface ChangedLimits {
  readonly type: string;
  readonly limits: LimitValues;
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
