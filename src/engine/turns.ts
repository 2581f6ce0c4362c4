/** How work takes turns: step by step, one at a time, or only up to a time limit. */

import type { Work } from "../core/work.ts";
import type { Clock } from "./ports.ts";

export async function inTurns<Result>(
  work: Work<Result>,
  clock: Pick<Clock, "pause">,
): Promise<Result> {
  let step = work.next();
  for (; step.done !== true; step = work.next()) await clock.pause();
  return step.value;
}

/**
 * Lets other work run when it is due; await the result if there is one. May throw or reject, to end
 * the work early.
 */
export type Pause = () => Promise<void> | undefined;

/** For when no other work is waiting. */
export const NO_PAUSE: Pause = () => undefined;

/** How long steps may take in total before others get their turn. */
const TURN_MS = 8;

/** Pauses only once its steps, and all that they set off, have taken long. */
export async function inTimedTurns(
  work: Work<void>,
  clock: Pick<Clock, "monotonic" | "nextTurn" | "pause">,
): Promise<void> {
  let began = clock.monotonic();
  while (work.next().done !== true) {
    await clock.nextTurn();
    if (clock.monotonic() - began < TURN_MS) continue;
    await clock.pause();
    began = clock.monotonic();
  }
}

/**
 * Loads modules one after the other, with turns of others in between: a module is evaluated in one go
 * with all that it imports and that is not loaded yet.
 */
export async function loadInTurns(
  modules: readonly (() => Promise<unknown>)[],
  clock: Pick<Clock, "pause">,
): Promise<void> {
  for (const load of modules) {
    await load();
    await clock.pause();
  }
}

/** Admits one at a time, in order of arrival. */
export class Lane {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn, which lasts until the result is disposed of. */
  async enter(): Promise<Disposable> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = promise;
    await before;
    return { [Symbol.dispose]: resolve };
  }
}

/**
 * Resolves when the work has ended or the time in milliseconds has passed, whichever comes first.
 */
export async function within(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(limitMs, resolve);
  await Promise.race([work, promise]).finally(cancel);
}
