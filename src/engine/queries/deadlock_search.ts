/**
 * Finds jobs that hold all workers, or all places of a limit, while jobs that each of them has
 * started need one.
 */

import { ascending, firstIndex } from "../../core/ascending.ts";
import { deriveCondition } from "../../core/condition.ts";
import { DERIVED, type JobId, type LogId, type TaskId } from "../../core/ids.ts";
import { hasBegun, isReused, isStep, type JobState } from "../../core/job_state.ts";
import { mayBeLong } from "../../explain/ended/time_spent.ts";
import type {
  BlockingLimit,
  Deadlock,
  PlacesInTheWay,
  WorkerHolder,
} from "../../explain/statements/queue_facts.ts";
import { blockingLimit } from "./blocking_limit.ts";
import { endedLately, isAsUsual } from "./ended_lately.ts";
import { type Pool, poolOf, workerHolders } from "./holders.ts";
import type { Query, QueryParts } from "./query_parts.ts";

/** How many of the jobs queued longest are looked at. */
const QUEUED_MAX = 1_000;
/** How many completed steps of a holder are looked at, the latest. */
const STEPS_MAX = 8;
/** How many of the jobs that one holder has started are counted. */
const OWN_MAX = 20;

/** A step that completed, and may have sent events. */
interface Step {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly endedBy: LogId;
}

/** A queued job that such an event may have started. */
interface Started {
  readonly by: Step;
  readonly createdAt: LogId;
}

/** Of a job that is executing, with others that hold what it holds. */
export async function deadlockAround(query: Query, job: JobState): Promise<Deadlock | undefined> {
  const { parts } = query;
  const pool = poolOf(parts, job);
  if (pool.queue.waiting === 0 || deriveCondition(job) !== "executing") return undefined;
  const limit = await limitOn(parts, job);
  const isShort = limit !== undefined || pool.queue.busy >= pool.max;
  return isShort ? await deadlockOf(query, pool, { limit, of: job.jobId }) : undefined;
}

/** The limit of its type, or of its key, for which the longest queued job of the type waits. */
async function limitOn(
  parts: QueryParts,
  { type, key }: JobState,
): Promise<BlockingLimit | undefined> {
  const { census, shares, table } = parts;
  const next = census.queued.take(QUEUED_MAX).find((jobId) => table.head(jobId)?.type === type);
  const job = next && table.job(next);
  const wanted = job && shares.wantedBy(job, hasBegun(job));
  const limit = wanted && shares.reached(wanted);
  if (job === undefined || limit === "perKey" && job.key !== key) return undefined;
  return wanted && limit && await blockingLimit(parts, job, limit, wanted);
}

interface Held {
  /** If places are what jobs need. */
  readonly limit?: BlockingLimit | undefined;
  /** The holders of workers, if they are known. */
  readonly holders?: readonly WorkerHolder[];
  /** The holder in question. */
  readonly of?: JobId;
}

/** Among the jobs that hold all workers of a pool, or all places of a limit. */
export async function deadlockOf(
  query: Query,
  { isThreaded, max }: Pool,
  { limit, holders: ofWorkers, of }: Held,
): Promise<Deadlock | undefined> {
  if (limit?.limit === "rate") return undefined;
  const { parts, share } = query;
  const holders = limit?.holders ?? ofWorkers ?? await workerHolders(parts, isThreaded);
  const count = limit?.taken ?? max;
  const nowMs = Date.parse(parts.events.now());
  const areLong = holders.every(({ since }) => mayBeLong(nowMs - Date.parse(since)));
  // All must be known.
  if (holders.length < count || !areLong) return undefined;
  const isStarved = (job: JobState) =>
    parts.registry.isInThread(job) === isThreaded && needsNext(parts, job, limit);
  const steps = stepsOf(parts, holders);
  const found = await parts.pacer.do(share, () => startedBy(parts, steps, isStarved, of));
  const started = await verified(parts, found);
  const first = new Map(started.toReversed().map(({ by, createdAt }) => [by.jobId, createdAt]));
  if (first.size < count || await isAnyUsual(query, holders, nowMs)) return undefined;
  const own = started.filter(({ by }) => by.jobId === of);
  return {
    ...{ holders: count, limit, isThreaded },
    own: own[0] && { taskId: own[0].by.taskId, jobs: own.length, isAll: own.length < OWN_MAX },
    by: ascending(first.values()),
  };
}

/** In order of their ends. */
function stepsOf({ table }: QueryParts, holders: readonly WorkerHolder[]): readonly Step[] {
  const steps = holders.flatMap(({ jobId }) =>
    (table.job(jobId)?.tasks ?? [])
      .flatMap((task) => isStep(task) && !isReused(task) ? [task] : [])
      .map(({ taskId, completedBy }) => ({ jobId, taskId, endedBy: completedBy }))
      .toSorted((one, other) => other.endedBy - one.endedBy)
      .slice(0, STEPS_MAX)
  );
  return steps.toSorted((one, other) => one.endedBy - other.endedBy);
}

/**
 * The queued jobs that were created after one of these steps and before the next; one of each
 * holder, and some of the job in question. The end of a step is followed by what it sent.
 */
function startedBy(
  { census, table }: QueryParts,
  steps: readonly Step[],
  isStarved: (job: JobState) => boolean,
  of?: JobId,
): readonly Started[] {
  const counts = new Map<JobId, number>();
  const started: Started[] = [];
  for (const jobId of census.queued.take(QUEUED_MAX)) {
    const createdAt = jobId.startsWith(DERIVED.job) ? table.head(jobId)?.firstLogId : undefined;
    if (createdAt === undefined) continue;
    const next = firstIndex(0, steps.length, (at) => (steps[at]?.endedBy ?? 0) > createdAt);
    const by = steps[next - 1];
    const count = by && counts.get(by.jobId) || 0;
    if (by === undefined || count >= (by.jobId === of ? OWN_MAX : 1)) continue;
    const job = table.job(jobId);
    if (job === undefined || !isStarved(job)) continue;
    counts.set(by.jobId, count + 1);
    started.push({ by, createdAt });
  }
  return started;
}

/** Whether a job waits for a place of the limit, or without one for a worker. */
function needsNext(parts: QueryParts, job: JobState, limit?: PlacesInTheWay): boolean {
  const { shares } = parts;
  const wanted = shares.wantedBy(job, hasBegun(job));
  const reached = wanted && shares.reached(wanted);
  if (reached !== limit?.limit || poolOf(parts, job).queue.isPaused(job)) return false;
  return limit === undefined ||
    job.type === limit.type && (reached === "maxRunning" || job.key === limit.key);
}

/** Those that an event started which the end of the step sent, by the record. */
async function verified(
  { history }: QueryParts,
  started: readonly Started[],
): Promise<readonly Started[]> {
  const created = await history.byPosition(started.map(({ createdAt }) => createdAt));
  const causeOf = ({ createdAt }: Started) => created.get(createdAt)?.causedBy ?? 0;
  const events = await history.byPosition(started.map(causeOf).filter(Boolean));
  return started.filter((one) => events.get(causeOf(one))?.causedBy === one.by.endedBy);
}

/** Whether an attempt of one of them has run for no longer than usual. */
async function isAnyUsual(
  query: Query,
  holders: readonly WorkerHolder[],
  nowMs: number,
): Promise<boolean> {
  const { table } = query.parts;
  const byType = Map.groupBy(holders, ({ jobId }) => table.head(jobId)?.type);
  for (const [type, alike] of byType) {
    const newest = Math.max(...alike.map(({ grantedBy }) => grantedBy));
    const ended = type === undefined ? [] : await endedLately(query, type, newest);
    if (alike.some((holder) => isAsUsual(holder, ended, nowMs) === true)) return true;
  }
  return false;
}
