/** Calls back at times of day. One timer of the clock serves them all. */

import TinyQueue from "tinyqueue";
import type { Clock } from "../ports.ts";

/** A clock may jump, so no timer is trusted for longer than this. */
const CHECK_AGAIN_MS = 30_000;

interface Alarm {
  readonly atMs: number;
  /** Absent once it is cancelled, so that nothing it refers to is kept until its time. */
  callback: (() => void) | undefined;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #onDefect: (error: unknown) => void;
  readonly #alarms = new TinyQueue<Alarm>([], (left, right) => left.atMs - right.atMs);
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
    const alarm: Alarm = { atMs, callback };
    this.#alarms.push(alarm);
    this.#arm();
    return () => {
      alarm.callback = undefined;
    };
  }

  /** Calls back after a delay, in milliseconds. */
  after(delayMs: number, callback: () => void): () => void {
    return this.at(this.#clock.now() + delayMs, callback);
  }

  /** Calls back no more. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
  }

  #arm(): void {
    const next = this.#alarms.peek();
    if (next === undefined || this.#stopped || next.atMs >= this.#armedForMs) return;
    this.#disarm?.();
    this.#armedForMs = next.atMs;
    const delayMs = Math.min(Math.max(0, next.atMs - this.#clock.now()), CHECK_AGAIN_MS);
    this.#disarm = this.#clock.setTimer(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#armedForMs = Infinity;
    this.#disarm = undefined;
    const now = this.#clock.now();
    for (let next = this.#alarms.peek(); next && next.atMs <= now; next = this.#alarms.peek()) {
      this.#alarms.pop();
      try {
        next.callback?.();
      } catch (error) {
        this.#onDefect(error);
      }
    }
    this.#arm();
  }
}
