/** What stands in for the clock, for randomness and for the files of keys; and durations. */

import { setImmediate } from "node:timers";
import { randomBytes } from "node:crypto";
import type { Clock, KeyStore, Random } from "../engine/ports.ts";
import type { JobId } from "../core/ids.ts";

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

/**
 * Ids that count up, and a fraction that never changes, so that runs are reproducible to the
 * letter.
 */
export class CountedRandom implements Random {
  readonly #prefix: string;
  #count = 0;

  /** @param prefix Generators with different prefixes never produce the same id. */
  constructor(prefix = "01J") {
    this.#prefix = prefix;
  }

  ulid(): string {
    return this.#prefix + String(++this.#count).padStart(26 - this.#prefix.length, "0");
  }

  fraction(): number {
    return 0.5;
  }
}

/** Keys of sealed inputs in memory, in place of `KeyFiles`. */
export class MemoryKeys implements KeyStore {
  readonly keys = new Map<JobId, Uint8Array>();
  /** When set, every call rejects with it. */
  failure: Error | undefined;

  async create(jobId: JobId): Promise<Uint8Array> {
    await this.#ready();
    const key = randomBytes(32);
    this.keys.set(jobId, key);
    return key;
  }

  async read(jobId: JobId): Promise<Uint8Array | undefined> {
    await this.#ready();
    return this.keys.get(jobId);
  }

  async remove(jobId: JobId): Promise<void> {
    await this.#ready();
    this.keys.delete(jobId);
  }

  async held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    await this.#ready();
    return new Set(jobIds.filter((jobId) => this.keys.has(jobId)));
  }

  async keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    await this.#ready();
    for (const jobId of this.keys.keys()) if (!jobIds.includes(jobId)) this.keys.delete(jobId);
    return new Set(this.keys.keys());
  }

  async #ready(): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }
}
