/** A clock that stands still until a test moves it. */

import type { Clock } from "../../src/engine/ports.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class StandingClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves when everything that was ready to run has run, and what that made ready. */
  async nextTurn(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves time on, firing what is due in order, and lets it all run. */
  async advance(ms: number): Promise<void> {
    await this.nextTurn();
    this.#now += ms;
    const due = [...this.#timers].filter((timer) => timer.atMs <= this.#now);
    for (const timer of due.toSorted((left, right) => left.atMs - right.atMs)) {
      if (this.#timers.delete(timer)) timer.callback();
    }
    await this.nextTurn();
  }
}
