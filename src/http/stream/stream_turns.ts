/**
 * Keeps streams from having the event loop to themselves: they work in short turns, and all
 * others have theirs in between. What comes meanwhile shares the next write.
 */

import type { Clock } from "../../engine/ports.ts";

/** Chunks of a turn, which take one or two milliseconds in all. */
const CHUNKS_MAX = 100;

export class StreamTurns {
  readonly #clock: Pick<Clock, "pause">;
  #chunks = 0;
  #resting: Promise<void> | undefined;

  constructor(clock: Pick<Clock, "pause">) {
    this.#clock = clock;
  }

  /** Others are to have their turn first. */
  get isOver(): boolean {
    return this.#chunks >= CHUNKS_MAX;
  }

  /** Counts work that took as long as so many chunks take to be given. */
  spend(chunks: number): void {
    this.#chunks += chunks;
  }

  /** Resolves when it is the streams' turn. */
  async next(): Promise<void> {
    if (this.isOver) await (this.#resting ??= this.#rest());
  }

  async #rest(): Promise<void> {
    await this.#clock.pause();
    this.#chunks = 0;
    this.#resting = undefined;
  }
}
