/**
 * The trend of the overview: a few rings of fixed size, fed by the same observers as the metrics.
 * No single job is stored, and a restart begins at zero.
 */

import type { Clock } from "../engine/ports.ts";
import type { ConditionChange, JobWatch } from "../engine/watches.ts";
import {
  type FailingType,
  isOutcome,
  OUTCOMES,
  type PeriodFigures,
  type Spread,
  type Trend,
  TREND_SPANS,
  type TrendSpan,
} from "./figures.ts";
import type { CommittedBatch, CommitWatch } from "../journal/options.ts";
import { IntervalRing, sumIntervals } from "./interval_ring.ts";

// Counts durations in fixed logarithmic buckets, from which quantiles are estimated. Each bucket is
// 9 % wider than the one before, so the error is at most 4.5 %. A histogram takes little more than
// a kilobyte, and those of several intervals can be added.

/** Shorter durations count as 0. */
const SHORTEST_MS = 0.01;
const BUCKETS_PER_DOUBLING = 8;
/** Up to four months; longer durations count as that. */
const DOUBLINGS = 40;

/** The first bucket is for durations that count as 0. */
export const DURATION_BUCKETS = 1 + DOUBLINGS * BUCKETS_PER_DOUBLING;

/** The maximum error of an estimated duration, as a factor. */
export const DURATION_ERROR = 2 ** (0.5 / BUCKETS_PER_DOUBLING);

export function durationBucket(ms: number): number {
  if (!(ms >= SHORTEST_MS)) return 0;
  const bucket = 1 + Math.floor(Math.log2(ms / SHORTEST_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, DURATION_BUCKETS - 1);
}

/** The middle of a bucket, in milliseconds. */
function durationOf(bucket: number): number {
  return bucket === 0 ? 0 : SHORTEST_MS * 2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING);
}

/**
 * A quantile of the counted durations, in milliseconds: 0.5 gives the median. `undefined` without
 * durations.
 *
 * @param counts Counts by bucket.
 */
export function durationQuantile(counts: Uint32Array, part: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let remaining = Math.max(1, Math.ceil(part * total));
  const bucket = counts.findIndex((count) => (remaining -= count) <= 0);
  return durationOf(bucket);
}

/** The columns of a ring: one for each count, and one for each bucket of each duration. */
const COUNTS = ["created", ...OUTCOMES] as const;
const DURATIONS = ["queued", "run", "sync"] as const;
const COLUMNS = COUNTS.length + DURATIONS.length * DURATION_BUCKETS;

type Count = (typeof COUNTS)[number];
type DurationName = (typeof DURATIONS)[number];

interface TrendsOptions {
  readonly clock: Clock;
  /** The types of the loaded definitions. */
  readonly types: readonly string[];
  /** If absent, the free space is unknown. */
  readonly diskFree?: (() => Promise<number | undefined>) | undefined;
}

export class Trends implements JobWatch, CommitWatch {
  readonly #time: SteadyTime;
  readonly #startMs: number;
  readonly #rings: Readonly<Record<TrendSpan, IntervalRing>>;
  readonly #all: readonly IntervalRing[];
  readonly #failing: FailingTypes;
  readonly #diskFree: TrendsOptions["diskFree"];

  constructor({ clock, types, diskFree }: TrendsOptions) {
    this.#time = new SteadyTime(clock);
    this.#startMs = this.#time.nowMs;
    const rings = Object.entries(TREND_SPANS).map((
      [span, { intervalMs, intervals }],
    ) => [span, new IntervalRing(intervalMs, intervals, COLUMNS, this.#startMs)]);
    this.#rings = Object.fromEntries(rings);
    this.#all = Object.values(this.#rings);
    this.#failing = new FailingTypes(types, this.#startMs);
    this.#diskFree = diskFree;
  }

  changed(change: ConditionChange): void {
    const { from, to, stayedMs } = change;
    const { nowMs } = this.#time;
    if (from === undefined) this.#count("created", nowMs);
    if (isOutcome(to)) this.#count(to, nowMs);
    if (to === "failed") this.#failing.failed(change, nowMs);
    if (stayedMs === undefined) return;
    if (from === "queued") this.#measure("queued", stayedMs, nowMs);
    if (from === "executing") this.#measure("run", stayedMs, nowMs);
  }

  committed({ durationMs }: CommittedBatch): void {
    this.#measure("sync", durationMs, this.#time.nowMs);
  }

  /** When counting began, in milliseconds since the epoch. */
  get sinceMs(): number {
    return this.#time.timeOfDay(this.#startMs);
  }

  trend(span: TrendSpan): Trend {
    const intervals = this.#rings[span].read(this.#time.nowMs);
    return {
      points: intervals.map(({ fromMs, counts }) => ({
        fromMs: this.#time.timeOfDay(fromMs),
        ...periodFigures(counts),
      })),
      whole: periodFigures(sumIntervals(intervals, COLUMNS)),
    };
  }

  /**
   * Only types with a failed job since the start; those with the most failures in the last hour
   * come first.
   */
  failingTypes(): readonly FailingType[] {
    return this.#failing.read(this.#time.nowMs);
  }

  /** Free bytes on the disk of the journal; `undefined` if unknown. */
  async diskFree(): Promise<number | undefined> {
    return await this.#diskFree?.();
  }

  #count(name: Count, nowMs: number): void {
    this.#add(COUNTS.indexOf(name), nowMs);
  }

  #measure(name: DurationName, ms: number, nowMs: number): void {
    this.#add(beginOf(name) + durationBucket(ms), nowMs);
  }

  #add(column: number, nowMs: number): void {
    for (const ring of this.#all) ring.add(nowMs, column);
  }
}

function beginOf(name: DurationName): number {
  return COUNTS.length + DURATIONS.indexOf(name) * DURATION_BUCKETS;
}

function periodFigures(counts: Uint32Array): PeriodFigures {
  const count = (name: Count) => counts[COUNTS.indexOf(name)] ?? 0;
  return {
    created: count("created"),
    succeeded: count("succeeded"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    queued: spreadOf(counts, "queued"),
    run: spreadOf(counts, "run"),
    sync: spreadOf(counts, "sync"),
  };
}

function spreadOf(counts: Uint32Array, name: DurationName): Spread | undefined {
  const begin = beginOf(name);
  const buckets = counts.subarray(begin, begin + DURATION_BUCKETS);
  const p50Ms = durationQuantile(buckets, 0.5);
  const p95Ms = durationQuantile(buckets, 0.95);
  return p50Ms === undefined || p95Ms === undefined ? undefined : { p50Ms, p95Ms };
}

/** Monotonic time for the intervals, and its conversion to the time of day. */
class SteadyTime {
  readonly #offsetMs: number;

  constructor(private readonly clock: Clock) {
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** The time of day, unaffected by changes to the clock since the start. */
  get nowMs(): number {
    return this.clock.monotonic() + this.#offsetMs;
  }

  /**
   * The time of day of a monotonic time, by the current clock. Rounded to the second, so that two
   * readings are equal.
   */
  timeOfDay(steadyMs: number): number {
    const setByMs = this.clock.now() - this.nowMs;
    return Math.round(steadyMs) + Math.round(setByMs / 1_000) * 1_000;
  }
}

const MINUTE_MS = 60_000;
/** Including the current, incomplete minute. */
const MINUTES = 60;

/** Counts failures by type, with one counter for each definition and two for the rest. */
class FailingTypes {
  readonly #labels: readonly FailingType["type"][];
  readonly #columnOf: ReadonlyMap<string, number>;
  readonly #sinceStart: number[];
  readonly #recent: IntervalRing;

  /** @param types The types of the loaded definitions. */
  constructor(types: readonly string[], nowMs: number) {
    this.#labels = [
      { of: "plan" },
      { of: "other" },
      ...types.map((name) => ({ of: "definition", name }) as const),
    ];
    this.#columnOf = new Map(types.map((name, index) => [name, index + 2]));
    this.#sinceStart = this.#labels.map(() => 0);
    this.#recent = new IntervalRing(MINUTE_MS, MINUTES, this.#labels.length, nowMs);
  }

  failed({ type }: ConditionChange, nowMs: number): void {
    const column = type === undefined ? 0 : this.#columnOf.get(type) ?? 1;
    this.#sinceStart[column] = (this.#sinceStart[column] ?? 0) + 1;
    this.#recent.add(nowMs, column);
  }

  read(nowMs: number): readonly FailingType[] {
    const lastHour = sumIntervals(this.#recent.read(nowMs), this.#labels.length);
    return this.#labels
      .map((type, column) => ({
        type,
        lastHour: lastHour[column] ?? 0,
        sinceStart: this.#sinceStart[column] ?? 0,
      }))
      .filter(({ sinceStart }) => sinceStart > 0)
      .toSorted((left, right) =>
        right.lastHour - left.lastHour || right.sinceStart - left.sinceStart
      );
  }
}
