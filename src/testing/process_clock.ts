/** The manual clock as one process sees it: the timers of a process end with it. */

import type { Clock } from "../engine/ports.ts";

export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #turns = 0;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the process is waiting for a turn of the event loop. */
  get isTurning(): boolean {
    return this.#turns > 0;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    if (this.#isOver) return () => {};
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  async nextTurn(): Promise<void> {
    this.#turns++;
    await this.#clock.nextTurn();
    this.#turns--;
  }

  pause(): Promise<void> {
    return this.nextTurn();
  }

  /** Cancels the timers of the process, and accepts no more. */
  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
