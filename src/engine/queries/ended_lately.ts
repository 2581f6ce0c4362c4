/** Reads the jobs of a type that ended last, and compares attempts that are under way with theirs. */

import { lengthMs } from "../../core/duration.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { hasBegun, isTerminal } from "../../core/job_state.ts";
import { isFarLonger, usualTime } from "../../explain/ended/time_spent.ts";
import type { WorkerHolder } from "../../explain/statements/queue_facts.ts";
import { takenNear } from "./job_visit.ts";
import type { Query } from "./query_parts.ts";

const JOBS_MAX = 30;

/** A job that had begun, and has ended. */
export interface EndedLately {
  readonly endedAt: string;
  readonly endedBy: LogId;
  readonly tookMs: ReadonlyMap<TaskId, number>;
}

/**
 * The newest of them.
 *
 * @param before Only jobs that were created before this position: later ones are still queued.
 */
export async function endedLately(
  query: Query,
  type: string,
  before: LogId,
): Promise<readonly EndedLately[]> {
  return await takenNear(query, {
    range: { types: [type], states: ["Done", "Failed"], before },
    max: JOBS_MAX,
    take: (job) => {
      if (!isTerminal(job) || !hasBegun(job)) return undefined;
      const took = job.tasks.flatMap((task): readonly [TaskId, number][] =>
        "endedAt" in task ? [[task.taskId, lengthMs(task.startedAt, task.endedAt)]] : []
      );
      return { endedAt: job.endedAt, endedBy: job.endedBy, tookMs: new Map(took) };
    },
  });
}

/**
 * Whether an attempt has run for no longer than usual; `undefined` if there are too few to compare.
 */
export function isAsUsual(
  { taskId, since }: WorkerHolder,
  ended: readonly EndedLately[],
  nowMs: number,
): boolean | undefined {
  const usual = usualTime(ended.flatMap(({ tookMs }) => tookMs.get(taskId) ?? []));
  return usual && !isFarLonger(nowMs - Date.parse(since), usual);
}
