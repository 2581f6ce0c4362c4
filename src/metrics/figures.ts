/** What is counted, as `/metrics` and the overview show it. */

/** What is open at the edge right now. */
export interface HttpActivity {
  readonly streams: number;
  /** Requests being answered, except those that wait for a job. */
  readonly requests: number;
  /** Requests that wait for a job. */
  readonly waiting: number;
}

export interface MetricsPort {
  /** The media type of the text, with its version. */
  readonly contentType: string;
  /** Everything that is counted, as of now. */
  text(activity: HttpActivity): Promise<string>;
}

/** How far back a trend goes, and how long its intervals are. */
export const TREND_SPANS = {
  "10m": { intervalMs: 10_000, intervals: 60 },
  "1h": { intervalMs: 60_000, intervals: 60 },
  "24h": { intervalMs: 20 * 60_000, intervals: 72 },
} as const;

export type TrendSpan = keyof typeof TREND_SPANS;

/**
 * How long something took: half of the times no longer than `p50Ms`, 95 % no longer than `p95Ms`.
 */
export interface Spread {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/**
 * What happened in a stretch of time. A spread is `undefined` when there was nothing to measure.
 */
export interface PeriodFigures {
  readonly created: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** How long jobs were queued, counted when it ended. */
  readonly queued: Spread | undefined;
  /** How long jobs ran until they ended, waited or backed off, counted when they did. */
  readonly run: Spread | undefined;
  /** How long batches took to be written and synced. */
  readonly sync: Spread | undefined;
}

export interface TrendPoint extends PeriodFigures {
  /** When the interval began, in milliseconds since the epoch. */
  readonly fromMs: number;
}

export interface Trend {
  /** The oldest first; none from before the start of the process; the last is not over yet. */
  readonly points: readonly TrendPoint[];
  readonly whole: PeriodFigures;
}

/** How often jobs of a type failed. */
export interface FailingType {
  /** A definition that is loaded; or none, of a plan without code; or any other. */
  readonly type: { readonly of: "definition"; readonly name: string } | { readonly of: "plan" } | {
    readonly of: "other";
  };
  readonly lastHour: number;
  readonly sinceStart: number;
}

export interface OverviewPort {
  /** Since when there are counts, in milliseconds since the epoch. */
  readonly sinceMs: number;
  trend(span: TrendSpan): Trend;
  /** Only types with a failed job since the start; the most frequent failures of now come first. */
  failingTypes(): readonly FailingType[];
  /** Free bytes on the disk of the journal; `undefined` when unknown. */
  diskFree(): Promise<number | undefined>;
}
