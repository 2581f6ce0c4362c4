/**
 * What held a queued job at a moment, from what is on record of the places of its type: a pause, a
 * limit, or the lack of a worker.
 */

import { inOrder } from "../../core/ascending.ts";
import type { LogId } from "../../core/ids.ts";
import { isSameLimit, type LimitValues } from "../../core/place_limits.ts";
import type {
  JobOfType,
  LimitChange,
  LimitsFrom,
  Moment,
  PauseStay,
  PlaceHistory,
  QueuedAs,
  Stay,
} from "./place_history.ts";

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
  const changed = (limit: keyof LimitValues) =>
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

/** What held a queued job at a moment. */
export type HoldAt =
  | { readonly kind: "pause"; readonly pause: PauseStay }
  | { readonly kind: "limit"; readonly reached: ReachedThen }
  | { readonly kind: "worker" | "unknown" };

export function holdAt(history: PlaceHistory, own: QueuedAs, moment: RateMoment): HoldAt {
  const pause = pauseAt(history, moment.logId);
  if (pause !== undefined) return { kind: "pause", pause };
  const reached = reachedAt(history, own, moment);
  if (reached === undefined) return { kind: "worker" };
  const { change } = limitsAt(history, moment.logId);
  return change !== undefined || isCredible(reached)
    ? { kind: "limit", reached }
    : { kind: "unknown" };
}

/** The oldest pause that held the job at a position. */
export function pauseAt({ pauses }: PlaceHistory, logId: LogId): PauseStay | undefined {
  return pauses.find(({ by, ended }) => by <= logId && (ended?.logId ?? Infinity) > logId);
}

/** When a rate lets the next job begin by itself. A place becomes free only by an entry. */
export function opensAtMs(reached: ReachedThen | undefined): number {
  const [first] = reached?.limit === "rate" ? reached.starts : [];
  return reached?.limit !== "rate" || first === undefined
    ? Infinity
    : Date.parse(first.at) + reached.perMs;
}

/**
 * Whether this limit of the code was in force. If more places were taken than today's code allows,
 * another limit was.
 */
function isCredible(reached: ReachedThen): boolean {
  return reached.limit === "rate" || reached.holders.length <= reached.places;
}

interface JobStay extends Stay {
  readonly job: JobOfType;
}

class Stays {
  readonly #all: readonly JobStay[];
  #next = 0;
  #at: LogId = 0;
  #open: readonly JobStay[] = [];

  constructor(all: readonly JobStay[]) {
    this.#all = all.toSorted((left, right) => left.from.logId - right.from.logId);
  }

  /** The stays open at a position, oldest first. Cheap for ascending positions. */
  at(logId: LogId): readonly JobStay[] {
    if (logId < this.#at) [this.#next, this.#open] = [0, []];
    this.#at = logId;
    const begun: JobStay[] = [];
    for (; (this.#all[this.#next]?.from.logId ?? Infinity) <= logId; this.#next++) {
      begun.push(this.#all[this.#next] as JobStay);
    }
    this.#open = [...this.#open, ...begun].filter(({ to }) => to === undefined || to.logId > logId);
    return this.#open;
  }
}

interface PlaceIndex {
  readonly held: Stays;
  readonly queued: Stays;
  /** By the key that the rate counts by; ascending. */
  readonly starts: ReadonlyMap<string | undefined, readonly Moment[]>;
}

const INDEXES = new WeakMap<PlaceHistory, PlaceIndex>();

function indexPlaces(history: PlaceHistory): PlaceIndex {
  return INDEXES.getOrInsertComputed(history, newIndex);
}

function newIndex({ others }: PlaceHistory): PlaceIndex {
  const starts = Map.groupBy(
    others.filter(({ began }) => began !== undefined),
    ({ rateKey }) => rateKey,
  );
  return {
    held: new Stays(others.flatMap((job) => job.held.map((stay) => ({ ...stay, job })))),
    queued: new Stays(others.flatMap((job) => job.queued.map((stay) => ({ ...stay, job })))),
    starts: new Map(
      [...starts].map(([rateKey, jobs]) => [
        rateKey,
        inOrder(jobs.flatMap(({ began }) => began ?? [])),
      ]),
    ),
  };
}
