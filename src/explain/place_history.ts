/**
 * The places of a type of jobs over a stretch of the journal: which jobs held them, which waited,
 * and which limits and pauses were in force. Order is by position, lengths are by the times of the
 * entries.
 */

import { type Condition, WITHOUT_PLACE } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { type ChangedLimits, noteLimits } from "../core/changed_limits.ts";
import type { PlaceLimits } from "../core/place_limits.ts";
import { notePause, type Pause } from "../core/pauses.ts";
import type { OutlinedHistory } from "./outlined_history.ts";

/** An entry, and when it was received; RFC 3339. */
export interface Moment {
  readonly logId: LogId;
  readonly at: string;
}

/** From an entry to another, which is no longer in it; open while there is none. */
export interface Stay {
  readonly from: Moment;
  readonly to?: Moment;
}

/** By what a job is limited, and where it is in the queue. */
export interface QueuedAs {
  readonly jobId: JobId;
  readonly key?: string | undefined;
  readonly rateKey?: string | undefined;
  readonly priority: number;
  /** The entry that started it. */
  readonly startedBy: LogId;
}

/** Another job of the type. */
export interface JobOfType extends QueuedAs {
  readonly held: readonly Stay[];
  readonly queued: readonly Stay[];
  /** Its first attempt, which a rate counts. */
  readonly began?: Moment;
}

/** Limits from an entry on. */
export interface LimitsFrom {
  readonly limits: PlaceLimits;
  /** What changed them; absent of those of the code, which are as it is loaded now. */
  readonly change?: Moment;
  /** The entry from which they are in force; 0 is before all. */
  readonly from: LogId;
}

export interface PauseStay extends Pause {
  readonly ended?: Moment;
}

export interface PlaceHistory {
  readonly type: string;
  /** Ascending; the first is from before the stretch. */
  readonly limits: readonly LimitsFrom[];
  /** Those that held the job whose places these are, the oldest first. */
  readonly pauses: readonly PauseStay[];
  readonly others: readonly JobOfType[];
  /** How many jobs were looked at, where there may be more. */
  readonly lookedAt?: number;
}

/** Positions between which a job held a place, or waited. */
export interface Between {
  readonly from: LogId;
  readonly to?: LogId;
}

/**
 * When a job held its place, and when it was queued, by its conditions.
 *
 * @param isGivenUp Whether an entry that made it queued gave its place back: for a pause.
 */
export function placesOf(
  conditions: readonly { readonly logId: LogId; readonly condition: Condition }[],
  isGivenUp: (logId: LogId) => boolean,
): { readonly held: readonly Between[]; readonly queued: readonly Between[] } {
  const held: { from: LogId; to?: LogId }[] = [];
  const queued: { from: LogId; to?: LogId }[] = [];
  for (const { logId, condition } of conditions) {
    const [hold, wait] = [held.at(-1), queued.at(-1)];
    if (wait !== undefined) wait.to ??= logId;
    if (condition === "queued") queued.push({ from: logId });
    const isHeld = hold !== undefined && hold.to === undefined;
    if (isHeld && (WITHOUT_PLACE.has(condition) || isGivenUp(logId))) hold.to = logId;
    else if (!isHeld && condition === "executing") held.push({ from: logId });
  }
  return { held, queued };
}

/** When a job held its own place, as far as its history is kept. */
export function ownPlaces({ spans, entries }: OutlinedHistory): readonly Between[] {
  const conditions = spans.map(({ by: logId, condition }) => ({ logId, condition }));
  return placesOf(conditions, (logId) => {
    const { attributes = {} } = entries.get(logId) ?? {};
    return "reason" in attributes && attributes.reason === "paused";
  }).held;
}

/** Pauses by what is on record of their begin and end, the oldest first. */
export function pauseStays(entries: readonly JobEventLogEntry[]): readonly PauseStay[] {
  const ends = new Map(
    entries.flatMap((entry): [string, Moment][] =>
      entry.stratum === "framework" && entry.eventType === "job.PauseEnded"
        ? [[entry.attributes.pauseId, { logId: entry.logId, at: entry.receivedAt }]]
        : []
    ),
  );
  const begun = entries.filter(({ eventType }) => eventType === "job.PauseBegan");
  return begun.reduce<readonly Pause[]>(notePause, []).map((pause) => {
    const ended = ends.get(pause.pauseId);
    return ended === undefined ? pause : { ...pause, ended };
  });
}

/**
 * The limits of a type, as they were changed and taken back.
 *
 * @param code What its code says.
 */
export function limitsFrom(
  type: string,
  code: PlaceLimits,
  entries: readonly JobEventLogEntry[],
): readonly LimitsFrom[] {
  const all: LimitsFrom[] = [{ limits: code, from: 0 }];
  let changed: readonly ChangedLimits[] = [];
  for (const entry of entries) {
    const before = changed;
    changed = noteLimits(changed, entry);
    if (before === changed) continue;
    const now = changed.find((one) => one.type === type);
    const { logId: from, receivedAt: at } = entry;
    const change = { logId: from, at };
    all.push(now === undefined ? { limits: code, from } : { limits: now.limits, change, from });
  }
  return all;
}

export function limitsAt({ limits }: PlaceHistory, logId: LogId): LimitsFrom {
  return limits.findLast(({ from }) => from <= logId) ?? { limits: {}, from: 0 };
}

export function isIn({ from, to }: Stay, logId: LogId): boolean {
  return from.logId <= logId && (to === undefined || to.logId > logId);
}

/** A job, and since when it held its place. */
export interface Holder {
  readonly job: JobOfType;
  readonly since: Moment;
}

/** The longest first. */
export function holdersAt({ others }: PlaceHistory, logId: LogId): readonly Holder[] {
  return others.flatMap((job) => {
    const stay = job.held.find((one) => isIn(one, logId));
    return stay === undefined ? [] : [{ job, since: stay.from }];
  }).toSorted((left, right) => left.since.logId - right.since.logId);
}

/** A limit that kept a job waiting. */
export type ReachedThen =
  | {
    readonly limit: "perKey" | "maxRunning";
    readonly places: number;
    readonly holders: readonly Holder[];
    readonly change?: Moment;
  }
  | {
    readonly limit: "rate";
    readonly count: number;
    readonly perMs: number;
    /** The latest that count, oldest first. */
    readonly starts: readonly Moment[];
    readonly change?: Moment;
  };

/** When, and whether the job has yet to begin, as far as a rate counts. */
export interface AskedMoment {
  readonly logId: LogId;
  readonly atMs: number;
  readonly begins: boolean;
}

/** The limit that kept a job from its place; `undefined` where none did. */
export function reachedAt(
  history: PlaceHistory,
  own: QueuedAs,
  { logId, atMs, begins }: AskedMoment,
  { limits: { perKey, maxRunning, rate }, change } = limitsAt(history, logId),
): ReachedThen | undefined {
  const changed = change === undefined ? {} : { change };
  const holders = holdersAt(history, logId);
  const ofKey = holders.filter(({ job }) => job.key === own.key);
  if (perKey !== undefined && own.key !== undefined && ofKey.length >= perKey) {
    return { limit: "perKey", places: perKey, holders: ofKey, ...changed };
  }
  if (maxRunning !== undefined && holders.length >= maxRunning) {
    return { limit: "maxRunning", places: maxRunning, holders, ...changed };
  }
  if (rate === undefined || !begins) return undefined;
  const { count, perMs } = rate;
  const starts = startsWithin(history, own, { logId, atMs }, perMs).slice(-count);
  return starts.length < count ? undefined : { limit: "rate", count, perMs, starts, ...changed };
}

/** The starts of other jobs that a rate counts at a time, oldest first. */
export function startsWithin(
  { others }: PlaceHistory,
  { rateKey }: QueuedAs,
  { logId, atMs }: { readonly logId: LogId; readonly atMs: number },
  perMs: number,
): readonly Moment[] {
  return others.flatMap(({ began, rateKey: other }) =>
    began === undefined || other !== rateKey || began.logId > logId ||
      Date.parse(began.at) <= atMs - perMs
      ? []
      : [began]
  ).toSorted((left, right) => left.logId - right.logId);
}

/** Which of the others wait at a position. */
export function waitingAt({ others }: PlaceHistory, logId: LogId): readonly JobOfType[] {
  return others.filter(({ queued }) => queued.some((stay) => isIn(stay, logId)));
}

/** Which of two is granted first, where they have one key. */
export function isQueuedBefore(one: QueuedAs, other: QueuedAs): boolean {
  return one.priority === other.priority
    ? one.startedBy < other.startedBy
    : one.priority < other.priority;
}
