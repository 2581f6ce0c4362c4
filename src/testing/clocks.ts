/** The clocks of a test, and durations to advance them by. */

import { setImmediate } from "node:timers";
import type { Clock } from "../engine/ports.ts";

/** When such a clock starts by default. */
export const EPOCH_MS = Date.parse("2026-01-01T00:00:00.000Z");

interface Timer {
  atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only on request. */
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

/** Another view of a clock. */
abstract class ClockView implements Clock {
  constructor(protected readonly clock: Clock) {}

  abstract setTimer(delayMs: number, callback: () => void): () => void;

  now(): number {
    return this.clock.now();
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  async nextTurn(): Promise<void> {
    await this.clock.nextTurn();
  }

  pause(): Promise<void> {
    return this.nextTurn();
  }
}

const TURNS = 30;

/**
 * A clock for calls that are answered from the record and need no time: what they wait for arrives
 * within a few turns of the event loop, or never.
 */
export class TurnClock extends ClockView {
  override setTimer(_delayMs: number, callback: () => void): () => void {
    let isWanted = true;
    const wait = async () => {
      for (let turn = 0; turn < TURNS && isWanted; turn++) await this.nextTurn();
      if (isWanted) callback();
    };
    void wait();
    return () => {
      isWanted = false;
    };
  }
}

/** The manual clock as one process sees it: the timers of a process end with it. */
export class ProcessClock extends ClockView {
  readonly #cancels = new Set<() => void>();
  #turns = 0;
  #isOver = false;

  /** Whether the process is waiting for a turn of the event loop. */
  get isTurning(): boolean {
    return this.#turns > 0;
  }

  override setTimer(delayMs: number, callback: () => void): () => void {
    if (this.#isOver) return () => {};
    const cancel = this.clock.setTimer(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  override async nextTurn(): Promise<void> {
    this.#turns++;
    await super.nextTurn();
    this.#turns--;
  }

  /** Cancels the timers of the process, and accepts no more. */
  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

// Durations in milliseconds, for readable tests.

/**
 * Converts seconds to milliseconds.
 *
 * @example
 * ```ts
 * import { seconds } from "@daybook/daybook/testing";
 *
 * console.log(seconds(30)); // 30000
 * ```
 */
export function seconds(count: number): number {
  return count * 1_000;
}

/** Converts minutes to milliseconds. */
export function minutes(count: number): number {
  return seconds(60 * count);
}

/** Converts hours to milliseconds. */
export function hours(count: number): number {
  return minutes(60 * count);
}

/** Converts days of 24 hours to milliseconds. */
export function days(count: number): number {
  return hours(24 * count);
}
