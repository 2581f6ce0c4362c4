/** Events from outside that are on record, found by what they say rather than by position. */

import type { LogId } from "../../core/ids.ts";
import type { EventMatcher } from "../../core/job_plan.ts";

/** Positions that are of no interest, and so take nobody's place. */
export interface Passing {
  isPassed(logId: LogId): boolean;
  /** Of events with one value, no more than these are passed. */
  readonly max: number;
}

export const PASSING_NONE: Passing = { isPassed: () => false, max: 0 };

export interface PastEvents {
  /** Positions of events that may match, or nearly: the likeliest first, at most `limit`. */
  near(matcher: EventMatcher, limit: number, passing?: Passing): readonly LogId[];
  /** Events at or before this position may have been forgotten; 0 when none have. */
  readonly horizon: LogId;
}
