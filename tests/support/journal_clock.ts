/** Time and ids for tests of the journal: nothing moves unless the test says so. */

import type { Clock, Random } from "../../src/engine/ports.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1);
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();
  /** How often someone let others run. */
  turns = 0;

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  pause(): Promise<void> {
    this.turns++;
    return new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Lets time pass, and calls what is due, in order. */
  advance(ms: number): void {
    const until = this.#monotonicMs + ms;
    for (let due = this.#firstDue(until); due !== undefined; due = this.#firstDue(until)) {
      this.#timers.delete(due);
      this.#move(due.atMs);
      due.callback();
    }
    this.#move(until);
  }

  #firstDue(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((left, right) => left.atMs - right.atMs)[0];
  }

  #move(toMs: number): void {
    this.#nowMs += toMs - this.#monotonicMs;
    this.#monotonicMs = toMs;
  }
}

/** Counts up: `00000000000000000000000001`, ... */
export class CountingRandom implements Random {
  #count = 0;

  ulid(): string {
    return String(++this.#count).padStart(26, "0");
  }

  fraction(): number {
    return 0.5;
  }
}
