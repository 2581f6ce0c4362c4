/** Reads which jobs events reached: the entries that stand for an event follow it. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";

/** How many entries after each event are read. */
const FOLLOWING_MAX = 3;

export interface Reached {
  readonly jobId: JobId;
  /** The entry that stands for the event, and the event. */
  readonly logId: LogId;
  readonly causedBy: LogId;
}

/** The first jobs that each of these events reached. */
export async function* reachedBy(
  events: readonly LogId[],
  read: (logIds: readonly LogId[]) => AsyncIterable<JobEventLogEntry>,
  headLogId: LogId,
): AsyncGenerator<Reached> {
  const next = events.flatMap((logId) =>
    Array.from({ length: FOLLOWING_MAX }, (_, at) => logId + 1 + at)
  );
  for await (const entry of read(next.filter((at) => at <= headLogId))) {
    const { logId, eventType, causedBy = 0, jobId } = entry;
    const follows = logId > causedBy && logId - causedBy <= FOLLOWING_MAX;
    if (eventType !== "job.EventCorrelated" || !follows || jobId === undefined) continue;
    yield { jobId, logId, causedBy };
  }
}
