/**
 * Decides whether a sync may block the event loop. Handing a sync to another thread takes about as
 * long as a fast disk needs for it, so while only one job is active, the sync runs on the event
 * loop. Other work goes unnoticed meanwhile, so after some milliseconds one sync runs on a thread
 * again, which shows whether other work is waiting.
 */

import type { SealedBatch } from "../read/segment_scanner.ts";

/** How many batches in a row must be about one job, with nothing appended during their syncs. */
const QUIET_BATCHES = 16;
/** The longest sync for which the event loop may be blocked. */
const QUICK_SYNC_MS = 5;
/** The longest total block before a sync on a thread checks for other work. */
const HELD_UP_MS_MAX = 5;

export class SyncPolicy {
  #batches = 0;
  #heldUpMs = 0;

  /** Whether the next sync may block the event loop. */
  get mayBlock(): boolean {
    return this.#batches >= QUIET_BATCHES && this.#heldUpMs < HELD_UP_MS_MAX;
  }

  /**
   * Notes that a batch has been synced.
   *
   * @param heldUp Whether the sync blocked the event loop.
   * @param isAlone Whether nothing was appended meanwhile.
   */
  synced(batch: SealedBatch, durationMs: number, heldUp: boolean, isAlone: boolean): void {
    this.#heldUpMs = heldUp ? this.#heldUpMs + durationMs : 0;
    const mayBlock = isAlone && durationMs < QUICK_SYNC_MS && isOfOneJob(batch);
    this.#batches = mayBlock ? this.#batches + 1 : 0;
  }
}

function isOfOneJob({ entries }: SealedBatch): boolean {
  const jobId = entries[0]?.jobId;
  return jobId !== undefined && entries.every((entry) => entry.jobId === jobId);
}
