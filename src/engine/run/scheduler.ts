/**
 * Calls back when a time has come that is on record. How long that is away is read off the time
 * of day once, when it is first asked for; from then on it is measured, so that nothing is late
 * or early because somebody set the clock. One timer serves all.
 */

import TinyQueue from "tinyqueue";
import type { Clock } from "../ports.ts";

/**
 * Of times that are over, the latest so many stay so: who waited for a worker may ask again when
 * the clock has been set back.
 */
const OVER_MAX = 1_000;

/** So many callbacks are called in one turn: of a great many that are due, others get theirs. */
const CALLED_MAX = 500;

/** Cancelled alarms stay in the queue until their time, or until they are so many, and the most. */
const CANCELLED_MAX = 1_000;

interface Alarm {
  /** By the clock that only runs. */
  readonly dueMs: number;
  /** Milliseconds since the epoch, as on record. */
  readonly atMs: number;
  /** Absent once it is cancelled, so that nothing it refers to is kept until its time. */
  callback: (() => void) | undefined;
}

function inOrder(left: Alarm, right: Alarm): number {
  return left.dueMs - right.dueMs;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #onDefect: (error: unknown) => void;
  #alarms = new TinyQueue<Alarm>([], inOrder);
  #cancelled = 0;
  /** When times on record are due, or were. */
  readonly #dueMs = new Map<number, number>();
  /** Times that are over, the latest last. */
  readonly #over = new Set<number>();
  #disarm: (() => void) | undefined;
  #armedForMs = Infinity;
  #stopped = false;

  /** @param onDefect Takes what a callback throws: it is not for the others, nor the timer. */
  constructor(clock: Clock, onDefect: (error: unknown) => void) {
    this.#clock = clock;
    this.#onDefect = onDefect;
  }

  /** Calls back once it is `atMs`, in milliseconds since the epoch; the result cancels it. */
  at(atMs: number, callback: () => void): () => void {
    const alarm: Alarm = { dueMs: this.#dueOf(atMs), atMs, callback };
    this.#alarms.push(alarm);
    this.#arm();
    return () => {
      if (alarm.callback === undefined) return;
      alarm.callback = undefined;
      if (++this.#cancelled > CANCELLED_MAX && this.#cancelled > this.#alarms.length / 2) {
        this.#clear();
      }
    };
  }

  /** Calls back after a delay, in milliseconds. */
  after(delayMs: number, callback: () => void): () => void {
    return this.at(this.#clock.now() + delayMs, callback);
  }

  /**
   * Reads off now how long a time of another process is away: a job may have to wait for a worker
   * before it asks, and somebody may set the clock meanwhile.
   */
  remember(atMs: number): void {
    this.#dueMs.set(atMs, this.#dueOf(atMs));
  }

  /** Whether a time has come, in milliseconds since the epoch. */
  isOver(atMs: number): boolean {
    return this.#dueOf(atMs) <= this.#clock.monotonic();
  }

  /** Calls back no more. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
  }

  /** Of one time always the same, whatever the time of day is when it is asked for again. */
  #dueOf(atMs: number): number {
    const known = this.#dueMs.get(atMs);
    if (known !== undefined) return known;
    const awayMs = atMs - this.#clock.now();
    const dueMs = this.#clock.monotonic() + Math.max(0, awayMs);
    if (awayMs > 0) this.#dueMs.set(atMs, dueMs);
    return dueMs;
  }

  #arm(): void {
    const next = this.#alarms.peek();
    if (next === undefined || this.#stopped || next.dueMs >= this.#armedForMs) return;
    this.#disarm?.();
    this.#armedForMs = next.dueMs;
    const delayMs = Math.max(0, next.dueMs - this.#clock.monotonic());
    this.#disarm = this.#clock.setTimer(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#armedForMs = Infinity;
    this.#disarm = undefined;
    const now = this.#clock.monotonic();
    let called = 0;
    for (let next = this.#alarms.peek(); next && next.dueMs <= now; next = this.#alarms.peek()) {
      if (called++ === CALLED_MAX) break;
      this.#alarms.pop();
      if (next.callback === undefined) this.#cancelled--;
      this.#over.delete(next.atMs);
      this.#over.add(next.atMs);
      const { callback } = next;
      // Whoever cancels it later must not count it.
      next.callback = undefined;
      try {
        callback?.();
      } catch (error) {
        this.#onDefect(error);
      }
    }
    this.#forget();
    this.#arm();
  }

  /** Lets go of alarms that are cancelled, and of their times. */
  #clear(): void {
    const all = this.#alarms.data;
    const kept = all.filter(({ callback }) => callback !== undefined);
    const times = new Set(kept.map(({ atMs }) => atMs));
    for (const { atMs } of all) if (!times.has(atMs)) this.#dueMs.delete(atMs);
    this.#alarms = new TinyQueue(kept, inOrder);
    this.#cancelled = 0;
  }

  #forget(): void {
    for (const atMs of this.#over) {
      if (this.#over.size <= OVER_MAX) return;
      this.#over.delete(atMs);
      this.#dueMs.delete(atMs);
    }
  }
}
