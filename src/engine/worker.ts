/** One job's hold on a worker: taken when there is something to do, given back to wait. */

import type { WorkerQueue } from "./worker_queue.ts";

export class Worker {
  readonly #queue: WorkerQueue;
  readonly #priority: number;
  readonly #order: number;
  #held = false;
  #withdraw: (() => void) | undefined;
  /** Who waits for the worker that has been asked for. */
  #waiting: (() => void)[] = [];

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
    if (!this.#waiting.includes(granted)) this.#waiting.push(granted);
    if (this.#withdraw !== undefined) return;
    const withdraw = this.#queue.request(this.#priority, this.#order, () => this.#granted());
    if (!this.#held) this.#withdraw = withdraw;
  }

  /** Takes back what was asked for with this callback, unless a worker is held already. */
  withdraw(granted: () => void): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== granted);
    if (this.#waiting.length > 0) return;
    this.#withdraw?.();
    this.#withdraw = undefined;
  }

  /** Gives the worker back, or withdraws the request for one and all who wait for it. */
  release(): void {
    this.#withdraw?.();
    this.#withdraw = undefined;
    this.#waiting = [];
    if (!this.#held) return;
    this.#held = false;
    this.#queue.release();
  }

  #granted(): void {
    this.#held = true;
    this.#withdraw = undefined;
    for (const granted of this.#waiting.splice(0)) granted();
  }
}
