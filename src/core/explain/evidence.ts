/** What an explanation is made from, beside the job's own entries. Nothing else goes into it. */

import type { JobEventLogEntry } from "../event.ts";
import type { LogId } from "../ids.ts";

/** Events from outside that an expectation may nearly have got. */
export interface Candidates {
  /** Those worth a look, the likeliest first; all of the expected type. */
  readonly events: readonly JobEventLogEntry[];
  /** How many were looked for at most. */
  readonly limit: number;
  /** Positions of those that reached another job, and so were meant for that. */
  readonly claimed: ReadonlySet<LogId>;
  /** What came at or before this position may have been forgotten; 0 when nothing is. */
  readonly forgottenUpTo: LogId;
}

/** What the journal does not hold: how this process stands to the job right now. */
export interface Circumstances {
  /** `none`: the job has no code, and needs none. */
  readonly definition: "none" | "loaded" | "missing";
  /** The request of the job for a worker, while there is one. */
  readonly queue?: {
    readonly ahead: number;
    readonly busy: number;
    readonly max: number;
    /** Whether the workers that it waits for have threads of their own. */
    readonly isThreaded?: boolean;
  };
  /** The process is stopping. */
  readonly draining: boolean;
  /** Writes have just failed for want of room. */
  readonly full: boolean;
}

/** What an explanation takes beside the job's own entries. */
export interface Evidence {
  /** Entries elsewhere that its own name as their cause, as far as `wantedCauses` says. */
  readonly causes: ReadonlyMap<LogId, JobEventLogEntry>;
  /** By the id of the expectation; only for those not satisfied, and not for all of very many. */
  readonly candidates: ReadonlyMap<string, Candidates>;
  readonly circumstances: Circumstances;
}
