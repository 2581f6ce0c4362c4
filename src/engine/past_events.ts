/** Events from outside that are on record, found by what they say rather than by position. */

import type { LogId } from "../core/ids.ts";
import type { EventMatcher } from "../core/job_plan.ts";

export interface PastEvents {
  /** Positions of events that may match, or nearly: the likeliest first, at most `limit`. */
  near(matcher: EventMatcher, limit: number): readonly LogId[];
  /** Events at or before this position may have been forgotten; 0 when none have. */
  readonly horizon: LogId;
}
