/** A clock that moves only on request. */

import { setImmediate } from "node:timers";
import type { Clock } from "../engine/ports.ts";

/** When such a clock starts by default. */
export const EPOCH_MS = Date.parse("2026-01-01T00:00:00.000Z");

interface Timer {
  atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  protected nowMs: number;
  /** How far the wall clock was changed since the clock was created. */
  protected setMs = 0;
  protected timers: Timer[] = [];
  readonly #startMs: number;
  #order = 0;

  constructor(startMs: number = EPOCH_MS) {
    this.#startMs = startMs;
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  monotonic(): number {
    return this.nowMs - this.setMs - this.#startMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, order: this.#order++, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  pause(): Promise<void> {
    return this.nextTurn();
  }

  /**
   * Advances the clock, calling each timer at its time.
   *
   * @param settled Resolves when everything that needs no time has happened; called before and
   * after each timer.
   */
  async advance(ms: number, settled: () => Promise<void>): Promise<void> {
    const endMs = this.nowMs + ms;
    await settled();
    while (this.callNext(endMs)) await settled();
    // Another call may have advanced it further meanwhile.
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /**
   * Advances to the first timer that is due by a time, and calls it; `false` when there is none.
   */
  callNext(endMs: number): boolean {
    const [next] = this.timers
      .filter(({ atMs }) => atMs <= endMs)
      .toSorted((left, right) => left.atMs - right.atMs || left.order - right.order);
    if (next === undefined) return false;
    this.timers = this.timers.filter((timer) => timer !== next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.callback();
    return true;
  }
}
