/**
 * Whether a sync may hold up the event loop. To hand it to another thread and to hear of its
 * end takes about as long as a quick disk does; so when one job alone is being worked on, the
 * loop waits for the disk itself. Other work goes unnoticed meanwhile, so after some milliseconds a
 * sync runs on a thread again, and shows whether other work is waiting.
 */

import type { SealedBatch } from "./batch.ts";

/** How many batches in a row must be about one job, and nothing else arrive during their syncs. */
const QUIET_BATCHES = 16;
/** A disk that takes longer than this is not waited for. */
const QUICK_SYNC_MS = 5;
/** The loop is not held up for longer than this, in all, before others are looked for. */
const HELD_UP_MS_MAX = 5;

export class SyncPolicy {
  #batches = 0;
  #heldUpMs = 0;

  /** Whether the next sync may hold up the loop. */
  get mayBlock(): boolean {
    return this.#batches >= QUIET_BATCHES && this.#heldUpMs < HELD_UP_MS_MAX;
  }

  /**
   * A batch has been synced.
   *
   * @param heldUp Whether the loop was held up for it.
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
