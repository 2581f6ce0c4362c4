/**
 * Positions of a job's entries on its own time axis, in milliseconds from the creation.
 *
 * If the clock went back, no duration becomes negative: entries keep the order of their positions,
 * whatever their times. Between two changes of the condition, the axis is as long as `timing` says,
 * so that both agree.
 */

import { lengthMs } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { ConditionSpan } from "../../explain/history/kept_history.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { LogId } from "../../core/ids.ts";

interface Stretch {
  readonly span: ConditionSpan;
  /** When it began. */
  readonly sinceMs: number;
  readonly beginsMs: number;
  /** `Infinity` while the stretch has not ended. */
  readonly lengthMs: number;
}

interface Place {
  readonly logId: LogId;
  readonly atMs: number;
  readonly stretch: Stretch;
}

type Recorded = Pick<JobEventLogEntry, "logId" | "receivedAt">;

/** An entry, of which there may be thousands, with its time parsed once. */
interface Instant {
  readonly logId: LogId;
  readonly timeMs: number;
}

function toInstant({ logId, receivedAt }: Recorded): Instant {
  return { logId, timeMs: Date.parse(receivedAt) };
}

export class TimeAxis {
  readonly #places: readonly Place[];
  readonly #beginsMs: ReadonlyMap<ConditionSpan, number>;
  readonly #atMs: ReadonlyMap<LogId, number>;
  /** Entries whose time is before that of the previous entry. */
  readonly wentBackAt: readonly LogId[];

  constructor(outlined: OutlinedHistory) {
    const entries = [...outlined.entries.values()].map(toInstant);
    const stretches = toStretches(outlined.spans);
    this.#beginsMs = new Map(stretches.map(({ span, beginsMs }) => [span, beginsMs]));
    this.#places = toPlaces(entries, stretches);
    this.#atMs = new Map(this.#places.map(({ logId, atMs }) => [logId, atMs]));
    this.wentBackAt = entries
      .filter(({ timeMs }, index) => timeMs < (entries[index - 1]?.timeMs ?? -Infinity))
      .map(({ logId }) => logId);
  }

  /**
   * Where a condition begins: at its entry or, for a job that became due without a free worker,
   * later.
   */
  beginOf(span: ConditionSpan): number {
    return this.#beginsMs.get(span) ?? this.of(span.by);
  }

  /** The position of one of the job's own entries. */
  of(logId: LogId): number {
    return this.#atMs.get(logId) ?? 0;
  }

  /** The position of any entry of the journal: earlier entries are placed at the job's creation. */
  between(entry: Recorded): number {
    const { logId, timeMs } = toInstant(entry);
    const own = this.#atMs.get(logId);
    if (own !== undefined) return own;
    const next = this.#places.findIndex((place) => place.logId > logId);
    const before = next < 0 ? this.#places.at(-1) : this.#places[next - 1];
    if (before === undefined) return 0;
    const after = this.#places[next]?.atMs ?? Infinity;
    return Math.min(after, Math.max(before.atMs, within(before.stretch, timeMs)));
  }

  /** The position of the present, for ongoing spans; never before the last entry. */
  now(nowMs: number): number {
    const last = this.#places.at(-1);
    if (last === undefined) return 0;
    const { beginsMs, sinceMs } = last.stretch;
    return Math.max(last.atMs, beginsMs + nowMs - sinceMs);
  }
}

function toStretches(spans: readonly ConditionSpan[]): readonly Stretch[] {
  let beginsMs = 0;
  return spans.map((span) => {
    beginsMs += span.passedMs ?? 0;
    const length = span.to === undefined ? Infinity : lengthMs(span.from, span.to);
    const stretch = { span, sinceMs: Date.parse(span.from), beginsMs, lengthMs: length };
    beginsMs += length;
    return stretch;
  });
}

function toPlaces(entries: readonly Instant[], stretches: readonly Stretch[]): readonly Place[] {
  // A job that became due is queued by the same entry that began its wait: the entry belongs to the
  // wait.
  const beginnings = Map.groupBy(stretches, ({ span }) => span.by);
  const queuedAfter = new Map(
    [...beginnings.values()].flatMap(([first, second]) =>
      first !== undefined && second !== undefined ? [[first, second] as const] : []
    ),
  );
  let stretch = stretches[0];
  let atMs = 0;
  const places: Place[] = [];
  for (const { logId, timeMs } of entries) {
    stretch = beginnings.get(logId)?.[0] ?? stretch;
    if (stretch === undefined) continue;
    const queued = queuedAfter.get(stretch);
    if (queued !== undefined && timeMs > queued.sinceMs) stretch = queued;
    atMs = Math.max(atMs, stretch.beginsMs, within(stretch, timeMs));
    places.push({ logId, atMs, stretch });
  }
  return places;
}

/** The position of a time, at most at the end of its stretch. */
function within({ sinceMs, beginsMs, lengthMs: length }: Stretch, timeMs: number): number {
  return beginsMs + Math.min(length, Math.max(0, timeMs - sinceMs));
}
