/**
 * Virtual time and the order of events: timers and disk operations wait here, and the dice choose
 * among those that are due. Between two of them all promises settle, so that only the seed decides
 * what comes next.
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../../src/engine/ports.ts";
import type { Dice } from "./dice.ts";

const EPOCH_MS = Date.parse("2026-01-01T00:00:00.000Z");

interface Waiting {
  readonly dueMs: number;
  /** The number of the waiting process; 0 is the world around it. */
  readonly life: number;
  readonly run: () => void;
}

/** Far more steps than any world takes. */
const STEPS_MAX = 500_000;

/** The owner of waits outside any process. */
export const WORLD = 0;

export class Scheduler {
  #waiting: Waiting[] = [];
  #steps = 0;
  #nowMs = 0;
  #lives = WORLD;
  readonly #ended = new Set<number>();
  /** Waits of frozen processes. */
  readonly #held = new Set<number>();
  /** The difference between the time of day and the monotonic clock. */
  #offsetMs = EPOCH_MS;
  #setBackMs = 0;
  /** Called with the time in which nothing happens, before the next event. */
  onPassing: (ms: number) => void = () => {};

  constructor(private readonly dice: Dice) {}

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get timeOfDayMs(): number {
    return this.#nowMs + this.#offsetMs;
  }

  /** Sets the time of day, as an operator may, or a machine that asks another. */
  jump(ms: number): void {
    this.#offsetMs += ms;
    if (ms < 0) this.#setBackMs -= ms;
  }

  /** By how much the time of day was set back, in all. */
  get setBackMs(): number {
    return this.#setBackMs;
  }

  /** A number for a new process. */
  newLife(): number {
    return ++this.#lives;
  }

  /**
   * Runs something after a time, unless the process has ended by then; the returned function
   * cancels it.
   */
  after(delayMs: number, life: number, run: () => void): () => void {
    if (this.#ended.has(life)) return () => {};
    const waiting = { dueMs: this.#nowMs + Math.max(0, delayMs), life, run };
    this.#waiting.push(waiting);
    return () => this.#drop(waiting);
  }

  sleep(ms: number, life = WORLD): Promise<void> {
    return new Promise((resolve) => void this.after(ms, life, resolve));
  }

  /** Ends a process: nothing that it waits for comes. */
  end(life: number): void {
    this.#ended.add(life);
    this.#waiting = this.#waiting.filter((each) => each.life !== life);
  }

  /** Freezes a process: everything that it waits for comes when it continues. */
  hold(life: number): void {
    this.#held.add(life);
  }

  release(life: number): void {
    this.#held.delete(life);
  }

  /** Runs the world until a promise settles, and returns its result. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    let settled = false;
    promise.then(() => settled = true, () => settled = true);
    await allPromises();
    while (!settled) {
      if (++this.#steps > STEPS_MAX) throw new Error("it never ends");
      if (!this.#step()) throw new Error("nothing is left to happen, and something is awaited");
      await allPromises();
    }
    return await promise;
  }

  /** `false` if nothing waits. */
  #step(): boolean {
    const next = this.#next();
    if (next === undefined) return false;
    if (next.dueMs > this.#nowMs) this.onPassing(next.dueMs - this.#nowMs);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    this.#drop(next);
    next.run();
    return true;
  }

  /** One of the due waits, or of those that are due next. */
  #next(): Waiting | undefined {
    const waiting = this.#held.size === 0
      ? this.#waiting
      : this.#waiting.filter(({ life }) => !this.#held.has(life));
    const [only] = waiting;
    if (waiting.length <= 1) return only;
    let dueMs = Infinity;
    for (const each of waiting) dueMs = Math.min(dueMs, each.dueMs);
    const limit = Math.max(dueMs, this.#nowMs);
    const due = waiting.filter((each) => each.dueMs <= limit);
    return due.length === 1 ? due[0] : this.dice.pick(due);
  }

  #drop(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting);
    if (index >= 0) this.#waiting.splice(index, 1);
  }
}

/** Resolves when every promise that does not need the scheduler has settled. */
function allPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The clock of one process. */
export class SimulatedClock implements Clock {
  constructor(private readonly scheduler: Scheduler, private readonly life: number) {}

  now(): number {
    return this.scheduler.timeOfDayMs;
  }

  monotonic(): number {
    return this.scheduler.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    return this.scheduler.after(delayMs, this.life, callback);
  }

  nextTurn(): Promise<void> {
    return this.scheduler.sleep(0, this.life);
  }

  pause(): Promise<void> {
    return this.scheduler.sleep(0, this.life);
  }
}
