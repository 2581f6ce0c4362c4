/**
 * A clock for calls that are answered from the record and need no time: what they wait for arrives
 * within a few turns of the event loop, or never.
 */

import type { Clock } from "../engine/ports.ts";

const TURNS = 30;

export class TurnClock implements Clock {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(_delayMs: number, callback: () => void): () => void {
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

  nextTurn(): Promise<void> {
    return this.#clock.nextTurn();
  }

  pause(): Promise<void> {
    return this.#clock.pause();
  }
}
