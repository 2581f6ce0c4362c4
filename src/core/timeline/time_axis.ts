/**
 * Where on a job's own axis of time each of its entries is, in milliseconds from the creation.
 *
 * A clock that went back makes no length negative, and moves nothing to the left: entries
 * stand in the order of their positions, whatever their times say. Between two changes of the
 * condition the axis is as long as `timing` says, so that both tell the same.
 */

import type { JobEventLogEntry } from "../event.ts";
import type { Annals } from "../explain/annals.ts";
import { type ConditionSpan, lengthMs } from "../explain/condition_spans.ts";
import type { LogId } from "../ids.ts";

interface Stretch {
  readonly span: ConditionSpan;
  readonly beginsMs: number;
  /** `Infinity` while it goes on. */
  readonly lengthMs: number;
}

interface Place {
  readonly logId: LogId;
  readonly atMs: number;
  readonly stretch: Stretch;
}

type Instant = Pick<JobEventLogEntry, "logId" | "receivedAt">;

export class TimeAxis {
  readonly #places: readonly Place[];
  readonly #atMs: ReadonlyMap<LogId, number>;
  /** Entries whose time is before that of the entry in front of them. */
  readonly wentBackAt: readonly LogId[];

  constructor(annals: Annals) {
    const entries = [...annals.entries.values()];
    this.#places = placesOf(entries, stretchesOf(annals.spans));
    this.#atMs = new Map(this.#places.map(({ logId, atMs }) => [logId, atMs]));
    this.wentBackAt = entries.flatMap(({ logId, receivedAt }, index) => {
      const before = entries[index - 1];
      const isBack = before !== undefined &&
        Date.parse(receivedAt) < Date.parse(before.receivedAt);
      return isBack ? [logId] : [];
    });
  }

  /** Of the last entry. */
  get lastMs(): number {
    return this.#places.at(-1)?.atMs ?? 0;
  }

  /** Of one of the job's own entries. */
  of(logId: LogId): number {
    return this.#atMs.get(logId) ?? 0;
  }

  /** Of any entry of the journal: what came before the job stands where it begins. */
  between({ logId, receivedAt }: Instant): number {
    const own = this.#atMs.get(logId);
    if (own !== undefined) return own;
    const next = this.#places.findIndex((place) => place.logId > logId);
    const before = next < 0 ? this.#places.at(-1) : this.#places[next - 1];
    if (before === undefined) return 0;
    const after = this.#places[next]?.atMs ?? Infinity;
    return Math.min(after, Math.max(before.atMs, within(before.stretch, receivedAt)));
  }

  /** Of now, for what goes on still; never before the last entry. */
  now(nowMs: number): number {
    const last = this.#places.at(-1);
    if (last === undefined) return 0;
    const { beginsMs, span } = last.stretch;
    return Math.max(last.atMs, beginsMs + nowMs - Date.parse(span.from));
  }
}

function stretchesOf(spans: readonly ConditionSpan[]): readonly Stretch[] {
  let beginsMs = 0;
  return spans.map((span) => {
    beginsMs += span.passedMs ?? 0;
    const length = span.to === undefined ? Infinity : lengthMs(span.from, span.to);
    const stretch = { span, beginsMs, lengthMs: length };
    beginsMs += length;
    return stretch;
  });
}

function placesOf(
  entries: readonly JobEventLogEntry[],
  stretches: readonly Stretch[],
): readonly Place[] {
  const beginnings = new Map(stretches.map((stretch) => [stretch.span.by, stretch]));
  let stretch = stretches[0];
  let atMs = 0;
  return entries.flatMap(({ logId, receivedAt }) => {
    stretch = beginnings.get(logId) ?? stretch;
    if (stretch === undefined) return [];
    atMs = Math.max(atMs, stretch.beginsMs, within(stretch, receivedAt));
    return [{ logId, atMs, stretch }];
  });
}

/** Where a time is on the axis, no further than its stretch goes. */
function within({ span, beginsMs, lengthMs: length }: Stretch, receivedAt: string): number {
  return beginsMs + Math.min(length, lengthMs(span.from, receivedAt));
}
