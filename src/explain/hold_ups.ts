/**
 * What delayed an ended job: that it was suspended or parked; or, while it was queued, a pause, a
 * limit of its type, or the lack of a worker. It is derived from what is on record of the places of
 * its type.
 */

import type { Condition } from "../core/condition.ts";
import type { FrameworkEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { Work } from "../core/work.ts";
import { lengthMs } from "./condition_spans.ts";
import { type OutlinedHistory, tookMs } from "./outlined_history.ts";
import {
  type Moment,
  ownPlaces,
  type PauseStay,
  type PlaceHistory,
  type QueuedAs,
} from "./place_history.ts";
import { endsAtMs, type HoldAt, holdAt, type Holder, type ReachedThen } from "./reached_limits.ts";

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

/** Whether an ended job was held up long enough for its explanation to say why. */
export function wasHeldUp(outlined: OutlinedHistory): boolean {
  const heldMs = outlined.spans.reduce(
    (sum, { condition, from, to = from }) =>
      condition === "queued" || isHold(condition) ? sum + lengthMs(from, to) : sum,
    0,
  );
  return isRelevant(heldMs, outlined);
}

/** Since when the job waited for a worker, if that took a relevant share of its time; RFC 3339. */
export function waitedForWorkerSince(
  outlined: OutlinedHistory,
  { all }: HeldUp,
): string | undefined {
  const wait = all.find(({ kind }) => kind === "worker");
  return wait?.kind === "worker" && isRelevant(wait.ms, outlined) ? wait.since : undefined;
}

/** Whether a delay of an ended job was long enough to be explained. */
export function isRelevant(ms: number, outlined: OutlinedHistory): boolean {
  return ms >= RELEVANT_MS && ms >= RELEVANT_SHARE * (tookMs(outlined) ?? Infinity);
}

/** The times when a job was queued without a place, except those of length zero. */
export function queuedStays(outlined: OutlinedHistory): readonly QueuedStay[] {
  const { spans, endedBy } = outlined;
  const held = ownPlaces(outlined);
  const firstBegin = spans.find(({ condition }) => condition === "executing")?.by ?? Infinity;
  return spans.flatMap(({ condition, by, from, to }, at) => {
    const end = spans[at + 1]?.by ?? endedBy?.entry.logId;
    if (condition !== "queued" || to === undefined || end === undefined) return [];
    if (lengthMs(from, to) === 0) return [];
    if (held.some((own) => own.from <= by && (own.to ?? Infinity) > by)) return [];
    const begins = by < firstBegin;
    return [{ from: { logId: by, at: from }, to: { logId: end, at: to }, begins }];
  });
}

/** Whether the job itself was held, wherever it was. */
export function isHold(condition: Condition): condition is "suspended" | "parked" {
  return condition === "suspended" || condition === "parked";
}

/** Each suspension and parking of an ended job, except those of length zero. */
function holds({ spans, entries, endedBy }: OutlinedHistory): readonly HoldUp[] {
  return spans.flatMap(({ condition, by, from, to }, at): readonly HoldUp[] => {
    const end = spans[at + 1]?.by ?? endedBy?.entry.logId;
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
  const sums = new Sums(own, history);
  for (const stay of queuedStays(outlined)) {
    const moments = momentsIn(history, stay);
    for (const [at, moment] of moments.entries()) {
      const next = moments[at + 1];
      if (next !== undefined) sums.add(moment, next, stay);
      yield;
    }
  }
  return { all: sums.all, isAll: history.lookedAt === undefined };
}

/** Everything that delayed it. */
export function heldUp<InQueue extends HeldUp>(
  outlined: OutlinedHistory,
  inQueue: InQueue,
): InQueue {
  const all = [...inQueue.all, ...holds(outlined)];
  return { ...inQueue, all: all.toSorted((left, right) => right.ms - left.ms) };
}

/** The beginning of the stay, everything that changed during it, and its end. */
export function momentsIn(history: PlaceHistory, { from, to }: QueuedStay): readonly Moment[] {
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
  const inOrder = new Map(changes.map((moment) => [moment.logId, moment]));
  const between = [...inOrder.values()].toSorted((left, right) => left.logId - right.logId);
  return [from, ...between, to];
}

interface Sum {
  readonly first: Omit<HoldUp, "ms" | "until">;
  ms: number;
  readonly until: Set<LogId>;
  readonly holders: Map<string, { readonly holder: Holder; ms: number }>;
}

/** A time without interruption. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

class Sums {
  readonly #byReason = new Map<string, Sum>();
  /** Waits for a worker. */
  readonly #waits: Stretch[] = [];

  constructor(readonly own: QueuedAs, readonly history: PlaceHistory) {}

  get all(): readonly HoldUp[] {
    return [...this.#byReason.values()].map((sum) => this.#heldUpFor(sum))
      .toSorted((left, right) => right.ms - left.ms);
  }

  #heldUpFor({ first, ms, until, holders }: Sum): HoldUp {
    const heldUpFor = { ...first, ms, until: [...until] } as HoldUp;
    if (heldUpFor.kind === "worker") {
      const [longest] = this.#waits.toSorted((left, right) => lengthOf(right) - lengthOf(left));
      return { ...heldUpFor, since: new Date(longest?.fromMs ?? 0).toISOString() };
    }
    if (heldUpFor.kind !== "limit") return heldUpFor;
    const longest = [...holders.values()].toSorted((left, right) => right.ms - left.ms);
    return { ...heldUpFor, holders: longest.map(({ holder }) => holder) };
  }

  /** Adds what held the job between two moments, between which nothing is on record. */
  add({ logId, at }: Moment, next: Moment, { from, to, begins }: QueuedStay): void {
    const endMs = Date.parse(next.at);
    // A job that backed off counts as queued since the retry was due, not since its last entry.
    for (let atMs = Math.max(Date.parse(at), Date.parse(from.at)); atMs < endMs;) {
      const hold = holdAt(this.history, this.own, { logId, atMs, begins });
      const toMs = Math.min(endMs, endsAtMs(hold));
      this.#addHold(hold, { fromMs: atMs, toMs }, to);
      atMs = toMs;
    }
  }

  #addHold(hold: HoldAt, stretch: Stretch, to: Moment): void {
    const ms = lengthOf(stretch);
    if (hold.kind === "limit") return this.#addLimit(hold.reached, ms, to);
    if (hold.kind === "worker") this.#addWait(stretch);
    this.#add(hold.kind === "pause" ? `pause ${hold.pause.pauseId}` : hold.kind, hold, ms, to);
  }

  #addWait({ fromMs, toMs }: Stretch): void {
    const last = this.#waits.at(-1);
    if (last?.toMs !== fromMs) this.#waits.push({ fromMs, toMs });
    else this.#waits.splice(-1, 1, { fromMs: last.fromMs, toMs });
  }

  #addLimit(reached: ReachedThen, ms: number, to: Moment): void {
    const { own: { key, rateKey }, history: { type } } = this;
    const name = reached.limit === "rate" ? rateKey : reached.limit === "perKey" ? key : undefined;
    const first = { kind: "limit", reached, type, key: name } as const;
    const sum = this.#add(`${reached.limit} ${reached.change?.logId}`, first, ms, to);
    for (const holder of reached.limit === "rate" ? [] : reached.holders) {
      const { job: { jobId }, since } = holder;
      const before = sum.holders.get(`${since.logId} ${jobId}`) ?? { holder, ms: 0 };
      before.ms += ms;
      sum.holders.set(`${since.logId} ${jobId}`, before);
    }
  }

  #add(reason: string, first: object, ms: number, { logId }: Moment): Sum {
    let sum = this.#byReason.get(reason);
    if (sum === undefined) {
      sum = { first: first as Sum["first"], ms: 0, until: new Set(), holders: new Map() };
      this.#byReason.set(reason, sum);
    }
    sum.ms += ms;
    sum.until.add(logId);
    return sum;
  }
}

function lengthOf({ fromMs, toMs }: Stretch): number {
  return toMs - fromMs;
}
