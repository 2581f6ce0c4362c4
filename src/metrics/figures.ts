/** The figures that `/metrics` and the overview show. */

import type { Condition } from "../core/condition.ts";

/** What the HTTP layer has open now. */
export interface HttpActivity {
  readonly streams: number;
  /** Requests being answered, except those that wait for a job. */
  readonly requests: number;
  /** Requests that wait for a job. */
  readonly waiting: number;
}

export interface MetricsPort {
  /** The media type of the text, with the format's version. */
  readonly contentType: string;
  /** All metrics, as of now. */
  text(activity: HttpActivity): Promise<string>;
}

/** How jobs end: the conditions that last. */
export const OUTCOMES = ["succeeded", "failed", "cancelled"] as const;
type Outcome = (typeof OUTCOMES)[number];

export function isOutcome(condition: Condition | undefined): condition is Outcome {
  return OUTCOMES.some((outcome) => outcome === condition);
}

/** The periods of a trend, with their intervals. */
export const TREND_SPANS = {
  "10m": { intervalMs: 10_000, intervals: 60 },
  "1h": { intervalMs: 60_000, intervals: 60 },
  "24h": { intervalMs: 20 * 60_000, intervals: 72 },
} as const;

export type TrendSpan = keyof typeof TREND_SPANS;

export const SPAN_NAMES = Object.keys(TREND_SPANS) as TrendSpan[];

/** A distribution of durations: the median and the 95th percentile. */
export interface Spread {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The figures of a period. A spread is `undefined` if there was nothing to measure. */
export interface PeriodFigures {
  readonly created: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** How long jobs were queued, counted when they left the queue. */
  readonly queued: Spread | undefined;
  /** How long jobs ran until they ended, waited or backed off, counted at that moment. */
  readonly run: Spread | undefined;
  /** How long batches took to be written and synced. */
  readonly sync: Spread | undefined;
}

export interface TrendPoint extends PeriodFigures {
  /** When the interval began, in milliseconds since the epoch. */
  readonly fromMs: number;
}

export interface Trend {
  /** The oldest first; none from before the start of the process; the last is not complete. */
  readonly points: readonly TrendPoint[];
  readonly whole: PeriodFigures;
}

/** How often jobs of a type failed. */
export interface FailingType {
  /** A loaded definition, a plan without code, or any other type. */
  readonly type: { readonly of: "definition"; readonly name: string } | { readonly of: "plan" } | {
    readonly of: "other";
  };
  readonly lastHour: number;
  readonly sinceStart: number;
}
