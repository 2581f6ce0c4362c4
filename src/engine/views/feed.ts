/**
 * Wakes readers when the journal grows. It carries nothing: each reader continues from its own
 * position in the journal, so nothing is dropped and a slow reader costs no other.
 */

import type { Clock } from "../ports.ts";

type Wake = () => void;

export class Feed {
  readonly #clock: Clock;
  readonly #waiting = new Set<Wake>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when anything becomes durable, after a time in milliseconds, or on the signal. */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(timeoutMs, resolve);
    const onAbort = () => resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    signal?.removeEventListener("abort", onAbort);
    cancel();
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
