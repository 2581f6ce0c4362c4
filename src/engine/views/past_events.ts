/** Events from outside that are on record, found by what they say rather than by position. */

import type { LogId } from "../../core/ids.ts";
import type { EventMatcher } from "../../core/job_plan.ts";

export interface PastEvents {
  /**
   * Positions of events that carry a value, wherever they have it: newest first, at most `limit`.
   * Some may be of no interest, since hashes may be equal: who reads the entries tells.
   *
   * @param loose In its loose form.
   */
  carrying(loose: string, limit: number): readonly LogId[];
  /** Positions of the `job.JobCreated` of jobs that were given a value, as input or label. */
  jobsGiven(loose: string, limit: number): readonly LogId[];
  /** Positions of events of a type, newest first, at most `limit`. */
  ofType(eventType: string, limit: number): readonly LogId[];
  /** All that a matcher accepts is among these, unless there are `limit` of them. */
  near(matcher: EventMatcher, limit: number): readonly LogId[];
  /** Events at or before this position may have been forgotten; 0 when none have. */
  readonly horizon: LogId;
}
