/**
 * The places of a type of jobs over a stretch of the journal: which jobs held them, which waited,
 * and which limits and pauses were in force. Order is by position; durations are by the times of
 * the entries.
 */

import { type Condition, WITHOUT_PLACE } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { present } from "../../core/json.ts";
import { type ChangedLimits, noteLimits } from "../../core/changed_limits.ts";
import { notePause, type Pause } from "../../core/pauses.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import type { OutlinedHistory } from "./outlined_history.ts";

/** An entry, and when it was received; RFC 3339. */
export interface Moment {
  readonly logId: LogId;
  readonly at: string;
}

/** The entry by which an operator changed limits, who did so, and why. */
export interface LimitChange extends Moment {
  readonly reason: string;
  readonly actor?: string;
}

/** From one entry up to, but without, another; without an end it is still open. */
export interface Stay {
  readonly from: Moment;
  readonly to?: Moment;
}

/** The keys that limit a job, and its position in the queue. */
export interface QueuedAs {
  readonly jobId: JobId;
  readonly key?: string | undefined;
  readonly rateKey?: string | undefined;
  readonly priority: number;
  /** The entry that started it. */
  readonly startedBy: LogId;
}

export interface JobOfType extends QueuedAs {
  readonly held: readonly Stay[];
  readonly queued: readonly Stay[];
  /** Its first attempt, which a rate counts. */
  readonly began?: Moment;
}

export interface LimitsFrom {
  readonly limits: LimitValues;
  /** The entry that changed them; absent for those of the code, which are taken as loaded now. */
  readonly change?: LimitChange;
  /** The entry from which they are in force; 0 if from the beginning. */
  readonly from: LogId;
}

export interface PauseStay extends Pause {
  readonly ended?: Moment;
}

export interface PlaceHistory {
  readonly type: string;
  /** The limits in the code that is loaded now. */
  readonly code: LimitValues;
  /** Ascending. The first begins before the stretch. */
  readonly limits: readonly LimitsFrom[];
  /** Pauses that hold the job in question, or once held it, oldest first. */
  readonly pauses: readonly PauseStay[];
  readonly others: readonly JobOfType[];
  /** How many jobs were looked at, if there may be more. */
  readonly lookedAt?: number;
}

/** Positions between which a job held a place, or waited. */
export interface Between {
  readonly from: LogId;
  readonly to?: LogId;
}

/**
 * Derives from a job's conditions when it held its place, and when it was queued.
 *
 * @param givenUpAt The position at which a queued job released its place for a pause, if it did.
 */
export function derivePlaces(
  conditions: readonly { readonly logId: LogId; readonly condition: Condition }[],
  givenUpAt: (queued: Between) => LogId | undefined,
): { readonly held: readonly Between[]; readonly queued: readonly Between[] } {
  const held: { from: LogId; to?: LogId }[] = [];
  const queued: Between[] = [];
  for (const [at, { logId, condition }] of conditions.entries()) {
    const hold = held.at(-1);
    const isHeld = hold !== undefined && hold.to === undefined;
    if (condition === "queued") {
      const next = conditions[at + 1];
      const wait = next === undefined ? { from: logId } : { from: logId, to: next.logId };
      queued.push(wait);
      const to = isHeld ? givenUpAt(wait) : undefined;
      if (isHeld && to !== undefined) hold.to = to;
    } else if (isHeld && WITHOUT_PLACE.has(condition)) hold.to = logId;
    else if (!isHeld && condition === "executing") held.push({ from: logId });
  }
  return { held, queued };
}

/**
 * The position from which a pause held a queued job that was cut short, so that it released its
 * place.
 */
export function pausedFrom(
  { from, to = Infinity }: Between,
  pauses: readonly PauseStay[],
): LogId | undefined {
  const pause = pauses.find(({ by, ended }) => by < to && (ended?.logId ?? Infinity) > from);
  return pause && Math.max(from, pause.by);
}

/**
 * When a job held its own place, as far as its history is kept.
 *
 * @param pauses Those that held it.
 */
export function ownPlaces(
  { spans, entries }: OutlinedHistory,
  pauses: readonly PauseStay[] = [],
): readonly Between[] {
  const conditions = spans.map(({ by: logId, condition }) => ({ logId, condition }));
  return derivePlaces(conditions, (queued) => {
    const { attributes = {} } = entries.get(queued.from) ?? {};
    const isPaused = "reason" in attributes && attributes.reason === "paused";
    return isPaused ? queued.from : pausedFrom(queued, pauses);
  }).held;
}

/** Pauses with the recorded beginning and end of each, oldest first. */
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
 * The limits of a type over time, as they were changed and restored.
 *
 * @param code The limits in its code.
 */
export function limitsFrom(
  type: string,
  code: LimitValues,
  entries: readonly JobEventLogEntry[],
): readonly LimitsFrom[] {
  const all: LimitsFrom[] = [{ limits: code, from: 0 }];
  let changed: readonly ChangedLimits[] = [];
  for (const entry of entries) {
    const before = changed;
    changed = noteLimits(changed, entry);
    if (before === changed) continue;
    const now = changed.find((one) => one.type === type);
    all.push(now === undefined ? { limits: code, from: entry.logId } : inForce(now));
  }
  return all;
}

/** The limits that an operator set, and since when they apply. */
export function inForce(changed: ChangedLimits): LimitsFrom {
  return { limits: changed.limits, change: toLimitChange(changed), from: changed.by };
}

export function toLimitChange({ by, since, reason, actor }: ChangedLimits): LimitChange {
  return { logId: by, at: since, reason, ...present({ actor }) };
}
