/** Why work as a whole continues or stands still, in sentences that cite lines. */

import type { NextStep, Statement } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";

export interface QueueExplanation<Cite> {
  /** A function of the journal up to this entry. */
  readonly asOf: LogId;
  /** Whether something holds up jobs that could run. */
  readonly standsStill: boolean;
  /** Since when, RFC 3339; absent when unknown. */
  readonly since?: string;
  /** What the queued jobs wait for. */
  readonly queued: QueuedJobs;
  /** One sentence that names the cause. */
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
