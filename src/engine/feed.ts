/**
 * Wakes those who wait for the journal to grow. It carries nothing: whoever wakes reads
 * the journal from where he was, so nothing is dropped and a slow reader costs nobody.
 */

import type { JobId } from "../core/ids.ts";
import type { Clock } from "./ports.ts";

type Wake = () => void;

export class Feed {
  readonly #clock: Clock;
  readonly #anything = new Set<Wake>();
  readonly #byJob = new Map<JobId, Set<Wake>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait right now. */
  get waiting(): number {
    return this.#anything.size + this.#byJob.size;
  }

  /** Resolves when anything becomes durable, after a time in milliseconds, or on the signal. */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.#wait(this.#anything, timeoutMs, signal);
  }

  /** The same, for the entries of one job. */
  async nextOf(jobId: JobId, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    let wakes = this.#byJob.get(jobId);
    if (wakes === undefined) this.#byJob.set(jobId, wakes = new Set());
    await this.#wait(wakes, timeoutMs, signal);
    if (wakes.size === 0 && this.#byJob.get(jobId) === wakes) this.#byJob.delete(jobId);
  }

  /** A batch that touches these jobs has become durable. */
  wake(jobIds: Iterable<JobId>): void {
    if (this.#byJob.size > 0) {
      for (const jobId of jobIds) wakeAll(this.#byJob.get(jobId));
    }
    wakeAll(this.#anything);
  }

  /** Wakes everybody: the engine is stopping. */
  wakeAll(): void {
    wakeAll(this.#anything);
    for (const wakes of this.#byJob.values()) wakeAll(wakes);
  }

  async #wait(wakes: Set<Wake>, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(timeoutMs, resolve);
    const onAbort = () => resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    wakes.add(resolve);
    await promise;
    wakes.delete(resolve);
    signal?.removeEventListener("abort", onAbort);
    cancel();
  }
}

function wakeAll(wakes: Set<Wake> | undefined): void {
  for (const wake of wakes ?? []) wake();
}
