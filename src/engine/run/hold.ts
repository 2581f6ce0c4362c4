/** A run's hold on a worker, or on a place in the queue for one. */

import type { Wanted, Withdraw, Worker, WorkerQueue } from "./worker_queue.ts";

type State =
  | { readonly kind: "none" }
  | { readonly kind: "queued"; readonly withdraw: Withdraw }
  | { readonly kind: "held"; readonly worker: Worker };

const NONE: State = { kind: "none" };

export class Hold {
  readonly #workers: WorkerQueue;
  #state: State;

  constructor(workers: WorkerQueue, worker: Worker) {
    this.#workers = workers;
    this.#state = { kind: "held", worker };
  }

  get kind(): State["kind"] {
    return this.#state.kind;
  }

  get isHeld(): boolean {
    return this.#state.kind === "held";
  }

  /** Whether the worker may begin an attempt: see `WorkerQueue.mayStart`. */
  get mayStart(): boolean {
    return this.#state.kind === "held" && this.#workers.mayStart(this.#state.worker);
  }

  /** Asks for a worker where there is none, and calls back when there is. */
  request(wanted: Wanted, granted: () => void): void {
    const withdraw = this.#workers.request(wanted, (worker) => {
      this.#state = { kind: "held", worker };
      granted();
    });
    if (withdraw !== undefined) this.#state = { kind: "queued", withdraw };
  }

  /** The worker is the run's own from now on. */
  keep(): void {
    if (this.#state.kind === "held") this.#workers.keep(this.#state.worker);
  }

  /** Gives the worker back, or leaves the queue. */
  release(): void {
    const state = this.#state;
    this.#state = NONE;
    if (state.kind === "queued") state.withdraw();
    if (state.kind === "held") this.#workers.release(state.worker);
  }
}
