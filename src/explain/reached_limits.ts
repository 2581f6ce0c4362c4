/**
 * Finds the limit that kept a job waiting at a position, from what is on record of the places of
 * its type.
 */

import type { LogId } from "../core/ids.ts";
import { isSameLimit, type PlaceLimits } from "../core/place_limits.ts";
import type {
  JobOfType,
  LimitChange,
  LimitsFrom,
  Moment,
  PlaceHistory,
  QueuedAs,
} from "./place_history.ts";
import { indexPlaces } from "./stays.ts";

export function limitsAt({ limits }: PlaceHistory, logId: LogId): LimitsFrom {
  return limits.findLast(({ from }) => from <= logId) ?? { limits: {}, from: 0 };
}

/** A job that holds a place, and since when. */
export interface Holder {
  readonly job: JobOfType;
  readonly since: Moment;
}

/** The longest first. */
export function holdersAt(history: PlaceHistory, logId: LogId): readonly Holder[] {
  return indexPlaces(history).held.at(logId).map(({ job, from }) => ({ job, since: from }));
}

/** A limit that kept a job waiting. */
export type ReachedThen =
  | {
    readonly limit: "perKey" | "maxRunning";
    readonly places: number;
    readonly holders: readonly Holder[];
    readonly change?: LimitChange;
  }
  | {
    readonly limit: "rate";
    readonly count: number;
    readonly perMs: number;
    /** The latest starts that count, oldest first. */
    readonly starts: readonly Moment[];
    readonly change?: LimitChange;
  };

/** A moment, and whether the job has yet to begin, so that a rate applies to it. */
export interface RateMoment {
  readonly logId: LogId;
  readonly atMs: number;
  readonly begins: boolean;
}

/** The limit that kept a job from a place; `undefined` if none did. */
export function reachedAt(
  history: PlaceHistory,
  own: QueuedAs,
  { logId, atMs, begins }: RateMoment,
  { limits, change } = limitsAt(history, logId),
): ReachedThen | undefined {
  const { perKey, maxRunning, rate } = limits;
  // An operator may have set other limits of the type, and left this one as it is in the code.
  const changed = (limit: keyof PlaceLimits) =>
    change === undefined || isSameLimit(limits, history.code, limit) ? {} : { change };
  const holders = holdersAt(history, logId);
  const ofKey = holders.filter(({ job }) => job.key === own.key);
  if (perKey !== undefined && own.key !== undefined && ofKey.length >= perKey) {
    return { limit: "perKey", places: perKey, holders: ofKey, ...changed("perKey") };
  }
  if (maxRunning !== undefined && holders.length >= maxRunning) {
    return { limit: "maxRunning", places: maxRunning, holders, ...changed("maxRunning") };
  }
  if (rate === undefined || !begins) return undefined;
  const { count, perMs } = rate;
  const starts = startsWithin(history, own, { logId, atMs }, perMs).slice(-count);
  if (starts.length < count) return undefined;
  return { limit: "rate", count, perMs, starts, ...changed("rate") };
}

/** The starts of other jobs that a rate counts at a time, oldest first. */
export function startsWithin(
  history: PlaceHistory,
  { rateKey }: QueuedAs,
  { logId, atMs }: { readonly logId: LogId; readonly atMs: number },
  perMs: number,
): readonly Moment[] {
  const starts = indexPlaces(history).starts.get(rateKey) ?? [];
  const within: Moment[] = [];
  for (let at = starts.findLastIndex((one) => one.logId <= logId); at >= 0; at--) {
    const start = starts[at];
    if (start === undefined || Date.parse(start.at) <= atMs - perMs) break;
    within.push(start);
  }
  return within.reverse();
}

/** The other jobs that wait for a place at a position. A job that was cut short keeps its place. */
export function waitingAt(history: PlaceHistory, logId: LogId): readonly JobOfType[] {
  const { held, queued } = indexPlaces(history);
  const holding = new Set(held.at(logId).map(({ job }) => job));
  return queued.at(logId).flatMap(({ job }) => holding.has(job) ? [] : [job]);
}

/** Which of two jobs of one key is granted first. */
export function isQueuedBefore(one: QueuedAs, other: QueuedAs): boolean {
  return one.priority === other.priority
    ? one.startedBy < other.startedBy
    : one.priority < other.priority;
}
