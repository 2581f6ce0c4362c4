/** Limits that an operator has put in the place of those of the code: a pure fold. */

import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";
import type { PlaceLimits } from "./place_limits.ts";

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
