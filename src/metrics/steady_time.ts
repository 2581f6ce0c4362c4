/** Time that never goes back, for intervals, and the time of day that it stands for. */

import type { Clock } from "../engine/ports.ts";

export class SteadyTime {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** The time of day as it would be had nobody set the clock since the start. */
  get nowMs(): number {
    return this.#clock.monotonic() + this.#offsetMs;
  }

  /**
   * The time of day of a steady time by the clock as it is set now. To the second: what is
   * read twice must not differ by the moment of reading.
   */
  timeOfDay(steadyMs: number): number {
    const setByMs = this.#clock.now() - this.nowMs;
    return Math.round(steadyMs) + Math.round(setByMs / 1_000) * 1_000;
  }
}
