/** Reads the jobs of a type that ended last, and compares attempts that are under way with theirs. */

import { lengthMs } from "../../core/duration.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { hasBegun, isTerminal } from "../../core/job_state.ts";
import { isFarLonger, usualTime } from "../../explain/ended/time_spent.ts";
import type { Moves, PlacesInTheWay, WorkerHolder } from "../../explain/statements/queue_facts.ts";
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

/** Of fewer jobs, none shows a rate. */
const MOVES_MIN = 10;

/**
 * How fast jobs end that hold the places of a limit, if all that hold one now have had it for no
 * longer than usual.
 *
 * @param ahead How many jobs get a place before the job in question.
 */
export async function movesOf(
  query: Query,
  { type, limit, holders, places, taken, inCode, isOfKey }: PlacesInTheWay,
  ahead: number,
): Promise<Moves | undefined> {
  // Keys take turns, at rates of their own; and a lowered limit is what to tell.
  if (limit !== "maxRunning" || isOfKey || taken > places || inCode !== undefined) return undefined;
  const nowMs = Date.parse(query.parts.events.now());
  const newest = Math.max(...holders.map(({ grantedBy }) => grantedBy)) as LogId;
  const ended = await endedLately(query, type, newest);
  const isUsual = holders.every((holder) => isAsUsual(holder, ended, nowMs) === true);
  if (ended.length < MOVES_MIN || !isUsual) return undefined;
  const withinMs = nowMs - Math.min(...ended.map(({ endedAt }) => Date.parse(endedAt)));
  const turnMs = nowMs + (ahead + 1) * withinMs / ended.length;
  const turnAt = new Date(Math.ceil(turnMs / 1_000) * 1_000).toISOString();
  return { ended: ended.length, withinMs, turnAt };
}
