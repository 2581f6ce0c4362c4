/** One job's hold on a worker: taken when there is something to do, given back to wait. */

import type { WorkerQueue } from "./worker_queue.ts";

export class Worker {
  readonly #queue: WorkerQueue;
  readonly #priority: number;
  readonly #order: number;
  #held = false;
  #withdraw: (() => void) | undefined;

  constructor(queue: WorkerQueue, priority: number, order: number) {
    this.#queue = queue;
    this.#priority = priority;
    this.#order = order;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Calls back with a worker held: at once when it is, else when one is free. */
  acquire(granted: () => void): void {
    if (this.#held) return granted();
    if (this.#withdraw !== undefined) return;
    const withdraw = this.#queue.request(this.#priority, this.#order, () => {
      this.#held = true;
      this.#withdraw = undefined;
      granted();
    });
    if (!this.#held) this.#withdraw = withdraw;
  }

  /** Gives the worker back, or withdraws the request for one. */
  release(): void {
    this.#withdraw?.();
    this.#withdraw = undefined;
    if (!this.#held) return;
    this.#held = false;
    this.#queue.release();
  }
}
