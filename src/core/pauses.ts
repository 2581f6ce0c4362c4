/** What holds every job at once, and not one alone: a pure fold of the entries that tell of it. */

import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";

export interface Pause {
  readonly pauseId: string;
  readonly reason: string;
  /** The `job.PauseBegan` entry, and its time. */
  readonly by: LogId;
  readonly since: string;
  /** Whose token it was asked for with; absent where nobody is known, as for `--hold`. */
  readonly actor?: string;
}

/** The pauses in force after an entry, the oldest first; the same array where it is about none. */
export function notePause(pauses: readonly Pause[], entry: JobEventLogEntry): readonly Pause[] {
  if (entry.stratum !== "framework") return pauses;
  if (entry.eventType === "job.PauseBegan") {
    const { pauseId, reason } = entry.attributes;
    const others = pauses.filter((pause) => pause.pauseId !== pauseId);
    const { logId: by, receivedAt: since, actor } = entry;
    return [...others, { pauseId, reason, by, since, ...(actor === undefined ? {} : { actor }) }];
  }
  if (entry.eventType !== "job.PauseEnded") return pauses;
  const { pauseId } = entry.attributes;
  return pauses.filter((pause) => pause.pauseId !== pauseId);
}
