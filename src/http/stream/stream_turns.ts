/**
 * Keeps streams from monopolizing the event loop: they work in short turns, and other work runs in
 * between. Entries that arrive meanwhile share the next write.
 */

import type { Clock } from "../../engine/ports.ts";

/** Chunks per turn, which take one or two milliseconds in total. */
const CHUNKS_MAX = 100;

export class StreamTurns {
  readonly #clock: Pick<Clock, "pause">;
  #chunks = 0;
  #resting: Promise<void> | undefined;

  constructor(clock: Pick<Clock, "pause">) {
    this.#clock = clock;
  }

  /** Whether other work has to run first. */
  get isOver(): boolean {
    return this.#chunks >= CHUNKS_MAX;
  }

  /** Counts work that took as long as sending this many chunks. */
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
