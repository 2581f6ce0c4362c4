/** Why the work as a whole stands still, or that it goes on, in sentences that cite lines. */

import type { NextStep, Statement } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";

export interface QueueExplanation<Cite> {
  /** All of this is told of the journal up to this entry. */
  readonly asOf: LogId;
  /** Whether something holds up jobs that would go on. */
  readonly standsStill: boolean;
  /** Since when it does, RFC 3339; absent where that is not known. */
  readonly since?: string;
  /** Of the jobs that are queued, what they wait for. */
  readonly queued: QueuedJobs;
  /** One sentence, which names the cause. */
  readonly summary: string;
  /** At most five. */
  readonly because: readonly Statement<Cite>[];
  readonly next: readonly NextStep<Cite>[];
}

/** How many jobs wait, each counted once: for the end of a pause, for a place, or for a worker. */
export interface QueuedJobs {
  readonly paused: number;
  readonly limited: number;
  readonly forWorker: number;
}
