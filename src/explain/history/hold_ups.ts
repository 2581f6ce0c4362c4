/**
 * What delayed a job that ended, or is executing: that it was suspended or parked; or, while it was
 * queued, a pause, a limit of its type, or the lack of a worker. It is derived from what is on record
 * of the places of its type.
 */

import { inOrder } from "../../core/ascending.ts";
import type { Condition } from "../../core/condition.ts";
import { lengthMs } from "../../core/duration.ts";
import type { FrameworkEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { keyCounted } from "../../core/place_limits.ts";
import type { Work } from "../../core/work.ts";
import { type OutlinedHistory, tookMs } from "./outlined_history.ts";
import {
  type Moment,
  ownPlaces,
  type PauseStay,
  type PlaceHistory,
  type QueuedAs,
} from "./place_history.ts";
import { type HoldAt, holdAt, type Holder, opensAtMs, type ReachedThen } from "./reached_limits.ts";

type HoldEntry = FrameworkEntry<"job.JobSuspended"> | FrameworkEntry<"job.JobParked">;

/** A reason why a job was held up, with all times that have this reason. */
export type HoldUp =
  & {
    readonly ms: number;
    /** The entries that ended it. */
    readonly until: readonly LogId[];
  }
  & (
    | { readonly kind: "pause"; readonly pause: PauseStay }
    | {
      readonly kind: "limit";
      readonly reached: ReachedThen;
      /** All jobs that held its places meanwhile; those that did for longest come first. */
      readonly holders: readonly Holder[];
      readonly type: string;
      readonly key?: string | undefined;
    }
    | {
      readonly kind: "worker";
      /** When the longest wait without a pause and a limit began; RFC 3339. */
      readonly since: string;
    }
    /** More places were taken than today's code allows, so its limits then are not on record. */
    | { readonly kind: "unknown" }
    | {
      readonly kind: "suspended" | "parked";
      readonly from: Moment;
      readonly to: Moment;
      /** The entry that says why; absent if it is not kept. */
      readonly by?: HoldEntry;
    }
  );

export interface HeldUp {
  /** The longest first. */
  readonly all: readonly HoldUp[];
  /**
   * Whether all jobs of that time were looked at. If not, limits may have delayed it for longer.
   */
  readonly isAll: boolean;
}

/** A stay in the queue, from one entry to the next that changed anything. */
export interface QueuedStay {
  readonly from: Moment;
  readonly to: Moment;
  readonly begins: boolean;
}

/** A shorter wait is not explained. A longer one must also be this share of the job's time. */
const RELEVANT_MS = 1_000;
const RELEVANT_SHARE = 0.1;

/** A place that was given back is granted once that is durable, and taken once this is too. */
const HANDOVER_MAX_MS = 200;

/** Whether a job was held up long enough for its explanation to say why. */
export function wasHeldUp(outlined: OutlinedHistory): boolean {
  const heldMs = outlined.spans.reduce(
    (sum, { condition, from, to = from }) => isDelay(condition) ? sum + lengthMs(from, to) : sum,
    0,
  );
  return isRelevant(heldMs, outlined);
}

/** How long a job was queued or held between two times; RFC 3339. */
export function heldWithinMs({ spans }: OutlinedHistory, since: string, until: string): number {
  return spans.reduce((sum, { condition, from, to = until }) => {
    if (!isDelay(condition)) return sum;
    const [begin, end] = [from > since ? from : since, to < until ? to : until];
    return sum + lengthMs(begin, end);
  }, 0);
}

/** Since when the job waited for a worker, if that took a relevant share of its time; RFC 3339. */
export function waitedForWorkerSince(
  outlined: OutlinedHistory,
  { all }: HeldUp,
): string | undefined {
  const wait = all.find(({ kind }) => kind === "worker");
  return wait?.kind === "worker" && isRelevant(wait.ms, outlined) ? wait.since : undefined;
}

/** Whether a delay of a job that ended, or is executing, was long enough to be explained. */
export function isRelevant(ms: number, outlined: OutlinedHistory): boolean {
  const spentMs = tookMs(outlined) ?? untilExecutingMs(outlined);
  return ms >= RELEVANT_MS && ms >= RELEVANT_SHARE * spentMs;
}

/** From the creation of a job until it began what it is executing. */
function untilExecutingMs({ created, spans }: OutlinedHistory): number {
  const last = spans.at(-1);
  return last?.condition === "executing" ? lengthMs(created.receivedAt, last.from) : Infinity;
}

/** The times when a job was queued without a place, except those of length zero. */
export function queuedStays(outlined: OutlinedHistory): readonly QueuedStay[] {
  const { spans } = outlined;
  const held = ownPlaces(outlined);
  const firstBegin = spans.find(({ condition }) => condition === "executing")?.by ?? Infinity;
  return spans.flatMap(({ condition, by, from, to, endedBy: end }) => {
    if (condition !== "queued" || to === undefined || end === undefined) return [];
    if (lengthMs(from, to) === 0) return [];
    if (held.some((own) => own.from <= by && (own.to ?? Infinity) > by)) return [];
    const begins = by < firstBegin;
    return [{ from: { logId: by, at: from }, to: { logId: end, at: to }, begins }];
  });
}

/** Whether this condition delays a job: it is queued, or held itself. */
export function isDelay(condition: Condition): boolean {
  return condition === "queued" || isHold(condition);
}

/** Whether the job itself was held, wherever it was. */
function isHold(condition: Condition): condition is "suspended" | "parked" {
  return condition === "suspended" || condition === "parked";
}

/** Each suspension and parking of an ended job, except those of length zero. */
function holds({ spans, entries }: OutlinedHistory): readonly HoldUp[] {
  return spans.flatMap(({ condition, by, from, to, endedBy: end }): readonly HoldUp[] => {
    if (!isHold(condition) || to === undefined || end === undefined) return [];
    const ms = lengthMs(from, to);
    const entry = entries.get(by);
    const isKept = entry?.eventType === "job.JobSuspended" || entry?.eventType === "job.JobParked";
    return ms === 0 ? [] : [{
      kind: condition,
      ms,
      until: [end],
      from: { logId: by, at: from },
      to: { logId: end, at: to },
      ...isKept ? { by: entry as HoldEntry } : {},
    }];
  });
}

/** What delayed a job in the queue, as work with a pause after each entry that is looked at. */
export function* heldInQueue(
  outlined: OutlinedHistory,
  own: QueuedAs,
  history: PlaceHistory,
): Work<HeldUp> {
  const stretches: Stretch[] = [];
  for (const stay of queuedStays(outlined)) {
    const ofStay: Stretch[] = [];
    for (const interval of intervalsIn(history, stay)) {
      ofStay.push(...stretchesIn(history, own, stay, interval));
      yield;
    }
    stretches.push(...withHandovers(ofStay));
  }
  const byReason = Map.groupBy(stretches, ({ hold }) => reasonOf(hold));
  const all = [...byReason.values()].flatMap((ofOne) => sumOf(ofOne, own, history))
    .toSorted((left, right) => right.ms - left.ms);
  return { all, isAll: history.lookedAt === undefined };
}

/** Everything that delayed it. */
export function heldUp<InQueue extends HeldUp>(
  outlined: OutlinedHistory,
  inQueue: InQueue,
): InQueue {
  const all = [...inQueue.all, ...holds(outlined)];
  return { ...inQueue, all: all.toSorted((left, right) => right.ms - left.ms) };
}

/** A part of a stay in the queue during which nothing is on record. */
interface Interval {
  /** The entry that began it. */
  readonly by: Moment;
  readonly fromMs: number;
  readonly endMs: number;
}

/** A job that backed off counts as queued since the retry was due, not since its last entry. */
export function intervalsIn(history: PlaceHistory, stay: QueuedStay): readonly Interval[] {
  const moments = momentsIn(history, stay);
  return moments.slice(1).flatMap(({ at }, before) => {
    const by = moments[before];
    if (by === undefined) return [];
    const fromMs = Math.max(Date.parse(by.at), Date.parse(stay.from.at));
    return [{ by, fromMs, endMs: Date.parse(at) }];
  });
}

/** The beginning of the stay, everything that changed during it, and its end. */
function momentsIn(history: PlaceHistory, { from, to }: QueuedStay): readonly Moment[] {
  const { limits, pauses, others } = history;
  const changes = [
    ...limits.flatMap(({ change }) => change ?? []),
    ...pauses.flatMap((
      { by, since, ended },
    ) => [{ logId: by, at: since }, ...ended ? [ended] : []]),
    ...others.flatMap(({ held, began }) => [
      ...held.flatMap((stay) => stay.to === undefined ? [stay.from] : [stay.from, stay.to]),
      ...began === undefined ? [] : [began],
    ]),
  ].filter(({ logId }) => logId > from.logId && logId < to.logId);
  const once = new Map(changes.map((moment) => [moment.logId, moment]));
  return [from, ...inOrder(once.values()), to];
}

/** A time in the queue with one reason. */
interface Stretch {
  readonly hold: HoldAt;
  readonly fromMs: number;
  readonly toMs: number;
  /** The end of the stay in the queue. */
  readonly until: LogId;
}

/** What held the job during an interval, which may end by itself. */
function stretchesIn(
  history: PlaceHistory,
  own: QueuedAs,
  { to, begins }: QueuedStay,
  { by, fromMs: beginMs, endMs }: Interval,
): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (let fromMs = beginMs; fromMs < endMs;) {
    const hold = holdAt(history, own, { logId: by.logId, atMs: fromMs, begins });
    const toMs = Math.min(endMs, opensAtMs(hold.kind === "limit" ? hold.reached : undefined));
    stretches.push({ hold, fromMs, toMs, until: to.logId });
    fromMs = toMs;
  }
  return stretches;
}

/**
 * Counts the handover of a place to the next job as a part of the wait for it. A place that is free
 * for longer is not what the job waits for.
 */
function withHandovers(stretches: readonly Stretch[]): readonly Stretch[] {
  const all = [...stretches];
  for (let at = 0; at < all.length; at++) {
    const hold = all[at]?.hold;
    let end = at + 1;
    while (all[end]?.hold.kind === "worker") end++;
    const free = all.slice(at + 1, end);
    const isHandover = free.reduce((sum, one) => sum + lengthOf(one), 0) <= HANDOVER_MAX_MS;
    if (hold?.kind === "limit" && isHandover) {
      all.splice(at + 1, free.length, ...free.map((one) => ({ ...one, hold })));
    }
    at = end - 1;
  }
  return all;
}

function reasonOf(hold: HoldAt): string {
  if (hold.kind === "pause") return `pause ${hold.pause.pauseId}`;
  if (hold.kind !== "limit") return hold.kind;
  return `${hold.reached.limit} ${hold.reached.change?.logId}`;
}

/** @param stretches All with the same reason, in order. */
function sumOf(
  stretches: readonly Stretch[],
  own: QueuedAs,
  { type }: PlaceHistory,
): readonly HoldUp[] {
  const [first] = stretches;
  if (first === undefined) return [];
  const { hold } = first;
  const ms = stretches.reduce((sum, stretch) => sum + lengthOf(stretch), 0);
  const sum = { ms, until: [...new Set(stretches.map(({ until }) => until))] };
  if (hold.kind === "worker") {
    return [{ ...hold, ...sum, kind: "worker", since: longest(stretches) }];
  }
  if (hold.kind !== "limit") return [{ ...hold, ...sum } as HoldUp];
  const key = keyCounted(hold.reached.limit, own);
  return [{ ...hold, ...sum, holders: holdersIn(stretches), type, key }];
}

/** When the longest time without an interruption began; RFC 3339. */
function longest(stretches: readonly Stretch[]): string {
  let [fromMs, most, sinceMs] = [0, 0, 0];
  for (const [at, stretch] of stretches.entries()) {
    if (stretches[at - 1]?.toMs !== stretch.fromMs) fromMs = stretch.fromMs;
    if (stretch.toMs - fromMs > most) [most, sinceMs] = [stretch.toMs - fromMs, fromMs];
  }
  return new Date(sinceMs).toISOString();
}

/** The jobs that held places of a limit; those that did for longest come first. */
function holdersIn(stretches: readonly Stretch[]): readonly Holder[] {
  const sums = new Map<string, { readonly holder: Holder; ms: number }>();
  for (const stretch of stretches) {
    const { hold } = stretch;
    if (hold.kind !== "limit" || hold.reached.limit === "rate") continue;
    for (const holder of hold.reached.holders) {
      const name = `${holder.since.logId} ${holder.job.jobId}`;
      const sum = sums.get(name) ?? { holder, ms: 0 };
      sum.ms += lengthOf(stretch);
      sums.set(name, sum);
    }
  }
  return [...sums.values()].toSorted((left, right) => right.ms - left.ms)
    .map(({ holder }) => holder);
}

function lengthOf({ fromMs, toMs }: Stretch): number {
  return toMs - fromMs;
}
