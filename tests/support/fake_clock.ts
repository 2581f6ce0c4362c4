/** A clock that moves only when a test says so. */

import { setImmediate } from "node:timers";
import { ulid } from "@std/ulid";
import type { Clock, Random } from "../../src/engine/ports.ts";

interface Timer {
  atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export const EPOCH_MS = Date.parse("2026-01-01T00:00:00.000Z");

export class FakeClock implements Clock {
  #now = EPOCH_MS;
  /** By how much it was set since it was made. */
  #setMs = 0;
  #order = 0;
  #timers: Timer[] = [];
  /** How often someone let others run. */
  turns = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#setMs - EPOCH_MS;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#now + delayMs, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  nextTurn(): Promise<void> {
    this.turns++;
    return new Promise((resolve) => setImmediate(resolve));
  }

  pause(): Promise<void> {
    return this.nextTurn();
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#timers.length;
  }

  /** Lets everything that is ready run, through many turns and disk operations. */
  async settle(turns = 30): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await this.nextTurn();
  }

  /** Sets the time of day, ahead or back, without any timer noticing, as an operator may. */
  jump(ms: number): void {
    this.#now += ms;
    this.#setMs += ms;
    for (const timer of this.#timers) timer.atMs += ms;
  }

  /** Moves on, calling back each timer at its time, with everything settled in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    while (this.#callNext(end)) await this.settle();
    this.#now = end;
  }

  /** Moves on in one go, calling back each timer at its time; nothing else runs meanwhile. */
  pass(ms: number): void {
    const end = this.#now + ms;
    while (this.#callNext(end));
    this.#now = end;
  }

  /** `false` when none is due. */
  #callNext(end: number): boolean {
    const next = this.#due(end);
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#now = Math.max(this.#now, next.atMs);
    next.callback();
    return true;
  }

  #due(end: number): Timer | undefined {
    return this.#timers
      .filter((timer) => timer.atMs <= end)
      .toSorted((left, right) => left.atMs - right.atMs || left.order - right.order)[0];
  }
}

/** Ids that count up, and a fraction that never changes: a run can be told to the letter. */
export class FakeRandom implements Random {
  #count = 0;

  /** @param prefix Two of different prefixes never make the same id. */
  constructor(private readonly prefix = "01J") {}

  ulid(): string {
    return this.prefix + String(++this.#count).padStart(26 - this.prefix.length, "0");
  }

  fraction(): number {
    return 0.5;
  }
}

/** ULIDs of the time of a clock, as the engine's own are. */
export class TimedRandom extends FakeRandom {
  #made = 0;

  constructor(private readonly clock: FakeClock) {
    super();
  }

  override ulid(): string {
    return ulid(this.clock.now()).slice(0, 10) + String(++this.#made).padStart(16, "0");
  }
}
