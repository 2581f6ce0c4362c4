/** Turns of the event loop, shared by all callers that wait for one. */

import { inNoContext } from "../no_context.ts";
import type { Clock } from "../ports.ts";

export class LoopTurns {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #number = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Increases with each turn. */
  get number(): number {
    return this.#number;
  }

  /** Calls back in the next turn, after all code that is ready to run now. */
  next(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#waiting.length > 1) return;
    inNoContext(() => void this.#clock.nextTurn().then(() => this.#callBack()));
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
