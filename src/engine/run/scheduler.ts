/** Calls back later: when a recorded time has come, or in the next turn of the event loop. */

import TinyQueue from "tinyqueue";
import { soonInNoContext } from "../async_context.ts";
import type { Clock } from "../ports.ts";

/** How many past times are remembered, so that they stay past even if the clock is set back. */
const OVER_MAX = 1_000;

/** The most callbacks in one turn of the event loop, so that other work gets its turn. */
const CALLED_MAX = 500;

/** Cancelled alarms stay queued until their time, or until they exceed this and half the queue. */
const CANCELLED_MAX = 1_000;

interface Alarm {
  /** By the monotonic clock. */
  readonly dueMs: number;
  /** Milliseconds since the epoch, as recorded. */
  readonly atMs: number;
  /** Absent once cancelled, so that the memory it refers to is freed before the alarm's time. */
  callback: Callback | undefined;
}

type Callback = () => void;

function inOrder(left: Alarm, right: Alarm): number {
  return left.dueMs - right.dueMs;
}

/**
 * Calls back when a recorded time has come. The delay is computed from the system clock once, on
 * first use. After that only the monotonic clock counts, so that setting the system clock makes no
 * callback late or early. One timer serves all.
 */
export class Scheduler {
  #alarms = new TinyQueue<Alarm>([], inOrder);
  #cancelled = 0;
  /** When recorded times are or were due, by the monotonic clock. */
  readonly #dueMs = new Map<number, number>();
  /** Times in the past, latest last. */
  readonly #over = new Set<number>();
  #disarm: (() => void) | undefined;
  #armedForMs = Infinity;
  #stopped = false;

  /**
   * @param onDefect Receives errors that callbacks throw, so that they do not affect other
   * callbacks or the timer.
   */
  constructor(private readonly clock: Clock, private readonly onDefect: (error: unknown) => void) {}

  /** Called before the callbacks of a time. */
  onTime: () => void = () => {};

  /** Calls back at `atMs`, in milliseconds since the epoch; the result cancels it. */
  at(atMs: number, callback: Callback): () => void {
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

  /** Calls back after a delay in milliseconds; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void {
    return this.at(this.clock.now() + delayMs, callback);
  }

  /**
   * Computes the delay until a time recorded by another process now, since the clock may be set
   * before its job has a worker and asks for the time.
   */
  remember(atMs: number): void {
    this.#dueMs.set(atMs, this.#dueOf(atMs));
  }

  /** Whether a time, in milliseconds since the epoch, has come. */
  isOver(atMs: number): boolean {
    return this.#dueOf(atMs) <= this.clock.monotonic();
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
  }

  /** The same time has the same result, even if the system clock is set between calls. */
  #dueOf(atMs: number): number {
    const known = this.#dueMs.get(atMs);
    if (known !== undefined) return known;
    const awayMs = atMs - this.clock.now();
    const dueMs = this.clock.monotonic() + Math.max(0, awayMs);
    if (awayMs > 0) this.#dueMs.set(atMs, dueMs);
    return dueMs;
  }

  #arm(): void {
    const next = this.#alarms.peek();
    if (next === undefined || this.#stopped || next.dueMs >= this.#armedForMs) return;
    this.#disarm?.();
    this.#armedForMs = next.dueMs;
    const delayMs = Math.max(0, next.dueMs - this.clock.monotonic());
    this.#disarm = this.clock.setTimer(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#armedForMs = Infinity;
    this.#disarm = undefined;
    const now = this.clock.monotonic();
    if ((this.#alarms.peek()?.dueMs ?? Infinity) <= now) this.onTime();
    let called = 0;
    for (let next = this.#alarms.peek(); next && next.dueMs <= now; next = this.#alarms.peek()) {
      if (called++ === CALLED_MAX) break;
      this.#alarms.pop();
      if (next.callback === undefined) this.#cancelled--;
      this.#over.delete(next.atMs);
      this.#over.add(next.atMs);
      const { callback } = next;
      // A later cancellation must not count this alarm.
      next.callback = undefined;
      try {
        callback?.();
      } catch (error) {
        this.onDefect(error);
      }
    }
    this.#forget();
    this.#arm();
  }

  /** Drops cancelled alarms, and their times. */
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

/** Turns of the event loop, shared by all callers that wait for one. */
export class LoopTurns {
  #waiting: (() => void)[] = [];
  #number = 0;

  constructor(private readonly clock: Clock) {}

  /** Increases with each turn. */
  get number(): number {
    return this.#number;
  }

  /** Calls back in the next turn, after all code that is ready to run now. */
  next(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#waiting.length > 1) return;
    soonInNoContext(() => void this.clock.nextTurn().then(() => this.#callBack()));
  }

  /** Counts a turn that something else, such as a sync, has taken. */
  passed(): void {
    this.#number++;
  }

  #callBack(): void {
    this.#number++;
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
