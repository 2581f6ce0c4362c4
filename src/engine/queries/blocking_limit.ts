/** Describes a reached limit for an explanation: its places, and the attempts that hold them. */

import type { JobId, LogId } from "../../core/ids.ts";
import { hasBegun, type JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { isSameLimit, keyCounted, limitSize, type LimitValues } from "../../core/place_limits.ts";
import type { Circumstances } from "../../explain/statements/evidence.ts";
import type {
  BlockingLimit,
  LoosenedLimits,
  WorkerHolder,
} from "../../explain/statements/queue_facts.ts";
import {
  type PlaceHistory,
  type QueuedAs,
  toLimitChange,
} from "../../explain/history/place_history.ts";
import { isQueuedBefore, reachedAt, waitingAt } from "../../explain/history/reached_limits.ts";
import { placeLimits } from "../definition_limits.ts";
import type { Placed, ReachedLimit, WantedPlace } from "../run/queue/shares.ts";
import { holdersThen, placeHolders } from "./holders.ts";
import type { QueryParts } from "./query_parts.ts";

const NO_RATE = { count: 0, perMs: 0 };

/** @param job A job that the limit keeps waiting. */
export async function blockingLimit(
  parts: QueryParts,
  job: Pick<Placed, "type" | "rateKey">,
  limit: ReachedLimit,
  { share }: WantedPlace,
): Promise<BlockingLimit> {
  const { shares, starts } = parts;
  const { type, limits, held } = share.of;
  const about = {
    type,
    isOfKey: share.key !== undefined,
    ...present({ key: keyCounted(limit, { key: share.key, rateKey: job.rateKey }) }),
    ...changeIn(parts, type, limit),
  };
  if (limit === "rate") {
    const counted = starts.of(job);
    const users = await usersOf(parts, counted);
    return { ...about, limit, ...limits.rate ?? NO_RATE, starts: counted, users };
  }
  return {
    ...about,
    limit,
    places: limits[limit] ?? 0,
    taken: limit === "perKey" ? share.holders.size : held,
    holders: await placeHolders(parts, shares.holdersOf(share, limit)),
  };
}

const USERS_MAX = 3;

async function usersOf(
  { history }: QueryParts,
  starts: readonly { readonly by: LogId }[],
): Promise<readonly JobId[]> {
  const entries = await history.at(starts.slice(-USERS_MAX).map(({ by }) => by));
  return [...new Set(entries.flatMap(({ jobId }) => jobId ?? []))];
}

/** An operator may have set other limits of the type, and left this one as it is in the code. */
function changeIn(
  { limitChanges, registry }: QueryParts,
  type: string,
  limit: ReachedLimit,
): Pick<BlockingLimit, "change" | "inCode"> {
  const change = limitChanges.get(type);
  const code = placeLimits(registry.get(type)?.limits);
  if (change === undefined || isSameLimit(change.limits, code, limit)) return {};
  const isTightened = limitSize(change.limits, limit) < limitSize(code, limit);
  return { change: toLimitChange(change), ...(isTightened ? { inCode: code } : {}) };
}

/**
 * The type that holds most workers, if an operator has loosened its limits and it holds more than
 * those in the code would allow.
 *
 * @param busy How many workers are held; not all of very many holders are known.
 */
export function loosenedLimits(
  { limitChanges, registry, table }: QueryParts,
  holders: readonly WorkerHolder[],
  busy: number,
): LoosenedLimits | undefined {
  const jobs = holders.flatMap(({ jobId }) => table.head(jobId) ?? []);
  for (const [type = "", same] of Map.groupBy(jobs, (job) => job.type)) {
    const change = limitChanges.get(type);
    const held = same.length;
    if (change === undefined || held * 2 <= holders.length) continue;
    const inCode = placeLimits(registry.get(type)?.limits);
    const looser = (["maxRunning", "perKey"] as const).filter((limit) =>
      limitSize(change.limits, limit) > limitSize(inCode, limit)
    );
    const those = (limits: LimitValues): LimitValues =>
      present(Object.fromEntries(looser.map((limit) => [limit, limits[limit]])));
    const { maxRunning = Infinity, perKey = Infinity } = those(inCode);
    const ofKeys = [...Map.groupBy(same, ({ key }) => key).values()]
      .reduce((sum, { length }) => sum + Math.min(length, perKey), 0);
    if (held <= Math.min(maxRunning, ofKeys)) continue;
    return {
      ...{ type, held, isExact: holders.length >= busy, inCode, change: toLimitChange(change) },
      ...{ set: those(change.limits), before: those(inCode) },
    };
  }
  return undefined;
}

/** The keys that limit a job, and its position in the queue. */
export function queuedAs(job: JobState): QueuedAs {
  const { jobId, key, rateKey, priority } = job;
  const startedBy = job.state === "Created" ? job.firstLogId : job.startedBy;
  return { jobId, key, rateKey, priority, startedBy };
}

/** The limit that a job waits for, if it does not wait for a worker. */
export async function limitNow(
  parts: QueryParts,
  job: JobState,
): Promise<BlockingLimit | undefined> {
  const { shares } = parts;
  const wanted = shares.wantedBy(job, hasBegun(job));
  const limit = wanted && shares.reached(wanted);
  if (wanted === undefined || limit === undefined) return undefined;
  return await blockingLimit(parts, job, limit, wanted);
}

/** The same for a past time, from what is on record of the places. */
export async function limitThen(
  parts: QueryParts,
  job: JobState,
  history: PlaceHistory,
  { logId, atMs }: { readonly logId: LogId; readonly atMs: number },
): Promise<Pick<NonNullable<Circumstances["queueThen"]>, "limit" | "ahead"> | undefined> {
  const own = queuedAs(job);
  const begins = !hasBegun(job);
  const reached = reachedAt(history, own, { logId, atMs, begins });
  if (reached === undefined) return undefined;
  const about = {
    type: history.type,
    isOfKey: own.key !== undefined,
    ...present({ key: keyCounted(reached.limit, own), change: reached.change }),
  };
  const before = waitingAt(history, logId).filter((other) =>
    other.key === own.key && isQueuedBefore(other, own)
  );
  if (reached.limit === "rate") {
    const { limit, count, perMs } = reached;
    const starts = reached.starts.map(({ at, logId: by }) => ({ atMs: Date.parse(at), by }));
    const users = await usersOf(parts, starts);
    return { limit: { ...about, limit, count, perMs, starts, users }, ahead: before.length };
  }
  const { limit, places, holders } = reached;
  const jobs = holders.map(({ job: { jobId }, since }) => ({ jobId, since: since.logId }));
  const holding = await holdersThen(parts, jobs, logId);
  return {
    limit: { ...about, limit, places, taken: holders.length, holders: holding },
    ahead: before.length,
  };
}
