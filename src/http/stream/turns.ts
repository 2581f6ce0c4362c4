/** When streams may work, and when an idle one is due. */

import type { Clock } from "../../engine/ports.ts";

/** Chunks per turn, which take one or two milliseconds in total. */
const CHUNKS_MAX = 100;

export class StreamTurns {
  #chunks = 0;
  #resting: Promise<void> | undefined;

  constructor(private readonly clock: Pick<Clock, "pause">) {}

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
    await this.clock.pause();
    this.#chunks = 0;
    this.#resting = undefined;
  }
}

export class Timeouts<Item> {
  /** When each item started. The delay is the same for all, so the first is due first. */
  readonly #begun = new Map<Item, number>();
  #cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, "monotonic" | "setTimer">,
    private readonly delayMs: number,
    private readonly onDue: (item: Item) => void,
  ) {}

  /** Starts, or restarts, the time of an item. */
  start(item: Item): void {
    this.#begun.delete(item);
    this.#begun.set(item, this.clock.monotonic());
    this.#cancelTimer ??= this.clock.setTimer(this.delayMs, this.#onTimer);
  }

  stop(item: Item): void {
    if (!this.#begun.delete(item) || this.#begun.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The timer may have been set for an item that has since been restarted or stopped. */
  readonly #onTimer = (): void => {
    const due = this.#takeDue();
    const [next] = this.#begun.values();
    this.#cancelTimer = next === undefined ? undefined : this.clock.setTimer(
      next + this.delayMs - this.clock.monotonic(),
      this.#onTimer,
    );
    for (const item of due) this.onDue(item);
  };

  #takeDue(): readonly Item[] {
    const begunBy = this.clock.monotonic() - this.delayMs;
    const due: Item[] = [];
    for (const [item, at] of this.#begun) {
      if (at > begunBy) break;
      due.push(item);
    }
    for (const item of due) this.#begun.delete(item);
    return due;
  }
}
