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

  /** Resolves when anything becomes durable, or after a time in milliseconds. */
  async next(timeoutMs: number): Promise<void> {
    await this.#wait(this.#anything, timeoutMs);
  }

  /** Resolves when an entry of this job becomes durable, or after a time in milliseconds. */
  async nextOf(jobId: JobId, timeoutMs: number): Promise<void> {
    let wakes = this.#byJob.get(jobId);
    if (wakes === undefined) this.#byJob.set(jobId, wakes = new Set());
    await this.#wait(wakes, timeoutMs);
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

  async #wait(wakes: Set<Wake>, timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(timeoutMs, resolve);
    wakes.add(resolve);
    await promise;
    wakes.delete(resolve);
    cancel();
  }
}

function wakeAll(wakes: Set<Wake> | undefined): void {
  for (const wake of wakes ?? []) wake();
}
