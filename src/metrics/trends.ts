/**
 * What jobs and the journal did over time, for the overview: a few rings of fixed size, fed
 * by the same watches as the metrics. Nothing is kept of a single job, and a restart begins
 * anew.
 */

import type { Clock, ConditionChange, JobWatch } from "../engine/ports.ts";
import { type FailingType, type Happenings, type OverviewPort, type Spread, type Trend, TREND_SPANS, type TrendSpan } from "../http/http_deps.ts";
import type { CommittedBatch, CommitWatch } from "../journal/commit_watch.ts";
import { DURATION_BUCKETS, durationBucketOf, durationQuantile } from "./duration_buckets.ts";
import { FailingTypes } from "./failing_types.ts";
import { IntervalRing, sumOf } from "./interval_ring.ts";
import { SteadyTime } from "./steady_time.ts";

/** The columns of a ring: one for each count, and for each duration one for each bucket. */
const COUNTS = ["created", "succeeded", "failed", "cancelled"] as const;
const DURATIONS = ["queued", "run", "sync"] as const;
const COLUMNS = COUNTS.length + DURATIONS.length * DURATION_BUCKETS;

type Count = (typeof COUNTS)[number];
type DurationName = (typeof DURATIONS)[number];

export interface TrendsOptions {
  readonly clock: Clock;
  /** Of the definitions that are loaded. */
  readonly types: readonly string[];
  /** Tells nothing when absent. */
  readonly diskFree?: (() => Promise<number | undefined>) | undefined;
}

export class Trends implements JobWatch, CommitWatch, OverviewPort {
  readonly #time: SteadyTime;
  readonly #startMs: number;
  readonly #rings: Readonly<Record<TrendSpan, IntervalRing>>;
  readonly #failing: FailingTypes;
  readonly #diskFree: TrendsOptions["diskFree"];

  constructor({ clock, types, diskFree }: TrendsOptions) {
    this.#time = new SteadyTime(clock);
    this.#startMs = this.#time.nowMs;
    const ring = ({ intervalMs, intervals }: (typeof TREND_SPANS)[TrendSpan]) =>
      new IntervalRing(intervalMs, intervals, COLUMNS, this.#startMs);
    this.#rings = {
      "10m": ring(TREND_SPANS["10m"]),
      "1h": ring(TREND_SPANS["1h"]),
      "24h": ring(TREND_SPANS["24h"]),
    };
    this.#failing = new FailingTypes(types, this.#startMs);
    this.#diskFree = diskFree;
  }

  changed(change: ConditionChange): void {
    const { from, to, stayedMs } = change;
    if (from === undefined) this.#count("created");
    if (to === "succeeded" || to === "failed" || to === "cancelled") this.#count(to);
    if (to === "failed") this.#failing.failed(change, this.#time.nowMs);
    if (stayedMs === undefined) return;
    if (from === "queued") this.#measure("queued", stayedMs);
    if (from === "executing") this.#measure("run", stayedMs);
  }

  committed({ durationMs }: CommittedBatch): void {
    this.#measure("sync", durationMs);
  }

  get sinceMs(): number {
    return this.#time.timeOfDay(this.#startMs);
  }

  trend(span: TrendSpan): Trend {
    const intervals = this.#rings[span].read(this.#time.nowMs);
    return {
      points: intervals.map(({ fromMs, counts }) => ({
        fromMs: this.#time.timeOfDay(fromMs),
        ...happeningsOf(counts),
      })),
      whole: happeningsOf(sumOf(intervals, COLUMNS)),
    };
  }

  failingTypes(): readonly FailingType[] {
    return this.#failing.read(this.#time.nowMs);
  }

  async diskFree(): Promise<number | undefined> {
    return await this.#diskFree?.();
  }

  #count(name: Count): void {
    this.#add(COUNTS.indexOf(name));
  }

  #measure(name: DurationName, ms: number): void {
    this.#add(beginOf(name) + durationBucketOf(ms));
  }

  #add(column: number): void {
    const { nowMs } = this.#time;
    for (const ring of Object.values(this.#rings)) ring.add(nowMs, column);
  }
}

function beginOf(name: DurationName): number {
  return COUNTS.length + DURATIONS.indexOf(name) * DURATION_BUCKETS;
}

function happeningsOf(counts: Uint32Array): Happenings {
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
