/**
 * Keeps requests from having the event loop to themselves. Many that are ready at once would
 * all be worked on in one turn of the loop, and nobody else is heard until it is over: once a
 * turn took long enough, the next one waits for a later turn.
 */

import type { JobState } from "../core/job_state.ts";
import type { Clock } from "../engine/ports.ts";

/** What is begun in a turn after this long waits for the next. */
const TURN_MS = 8;
/** Of those who wait, so much is let in before it is measured what it took. */
const STEP_MS = 1;

/**
 * About how long the work of each size takes: what is let in at once has done nothing yet that
 * could be measured. All that is small goes first, but for one piece in each turn.
 */
const EXPECTED_MS = { small: 0.05, medium: 0.5, large: TURN_MS } as const;

export type Size = keyof typeof EXPECTED_MS;

/** Of a plan with more expectations, each must be filed, or found and taken out again. */
const EXPECTED_MAX = 100;

/** Of what is done to a job. */
export function sizeFor({ plan }: JobState): Size {
  return plan.expected.length > EXPECTED_MAX ? "large" : "small";
}

export class Turnstile {
  readonly #clock: Pick<Clock, "monotonic" | "pause" | "nextTurn">;
  /** When the turn of the loop began, as far as it is known. */
  #beganMs = 0;
  /** Until it is over, the loop has not turned. */
  #isPausing = false;
  /** Of what was let in at once in this turn. */
  #expectedMs = 0;
  readonly #small = new Line();
  readonly #large = new Line();

  constructor(clock: Pick<Clock, "monotonic" | "pause" | "nextTurn">) {
    this.#clock = clock;
  }

  /** Resolves when the caller may go on; `undefined` when that is now, as it nearly always is. */
  enter(size: Size = "small"): Promise<void> | undefined {
    if (!this.#isPausing) {
      this.#begin();
      void this.#turnOver();
    }
    const line = size === "small" ? this.#small : this.#large;
    const isFirst = line.isEmpty && this.#small.isEmpty;
    if (!isFirst || !this.#hasRoom || this.#expectedMs >= TURN_MS) return line.join();
    this.#expectedMs += EXPECTED_MS[size];
    return undefined;
  }

  #begin(): void {
    this.#beganMs = this.#clock.monotonic();
    this.#expectedMs = 0;
  }

  get #hasRoom(): boolean {
    return this.#clock.monotonic() - this.#beganMs < TURN_MS;
  }

  async #turnOver(): Promise<void> {
    this.#isPausing = true;
    do {
      await this.#clock.pause();
      this.#begin();
      await this.#letIn(this.#small, Math.round(STEP_MS / EXPECTED_MS.small), false);
      await this.#letIn(this.#large, 1, true);
    } while (!this.#small.isEmpty || !this.#large.isEmpty);
    this.#isPausing = false;
  }

  /** A few at a time, so that what they take counts for those behind them. */
  async #letIn(line: Line, atOnce: number, always: boolean): Promise<void> {
    for (let must = always; !line.isEmpty && (must || this.#hasRoom); must = false) {
      for (let count = 0; count < atOnce; count++) line.next();
      await this.#clock.nextTurn();
    }
  }
}

/** Those who wait, the first of them first. */
class Line {
  #waiting: (() => void)[] = [];
  #gone = 0;

  get isEmpty(): boolean {
    return this.#gone === this.#waiting.length;
  }

  join(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  next(): void {
    if (this.isEmpty) return;
    this.#waiting[this.#gone++]?.();
    if (this.isEmpty) [this.#waiting, this.#gone] = [[], 0];
  }
}
