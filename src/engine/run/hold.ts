/** A run's hold on a worker, or on a place in the queue for one. */

import { type JobId, MAIN_TASK } from "../../core/ids.ts";
import type { AttemptWatch } from "../ports.ts";
import type { Wanted, Worker } from "./requests_in_order.ts";
import type { Withdraw, WorkerQueue } from "./worker_queue.ts";

type State =
  | { readonly kind: "none" }
  | { readonly kind: "queued"; readonly withdraw: Withdraw }
  | { readonly kind: "held"; readonly worker: Worker; readonly watched: number };

const NONE: State = { kind: "none" };

export interface HoldParts {
  readonly jobId: JobId;
  readonly workers: WorkerQueue;
  /** Told while there is a worker, for then code of the job may run. */
  readonly attemptWatch: AttemptWatch;
}

export class Hold {
  readonly #parts: HoldParts;
  #state: State = NONE;

  constructor(parts: HoldParts, worker: Worker) {
    this.#parts = parts;
    this.#granted(worker);
  }

  get kind(): State["kind"] {
    return this.#state.kind;
  }

  get isHeld(): boolean {
    return this.#state.kind === "held";
  }

  /** The number of the worker's grant; 0 without one. */
  get turn(): number {
    return this.#state.kind === "held" ? this.#state.worker.turn : 0;
  }

  /** Whether the worker may begin an attempt: see `WorkerQueue.mayStart`. */
  get mayStart(): boolean {
    return this.#state.kind === "held" && this.#parts.workers.mayStart(this.#state.worker);
  }

  /** Asks for a worker where there is none, and calls back when there is. */
  request(wanted: Wanted, granted: () => void): void {
    const withdraw = this.#parts.workers.request(wanted, (worker) => {
      this.#granted(worker);
      granted();
    });
    if (withdraw !== undefined) this.#state = { kind: "queued", withdraw };
  }

  /** What ran alone may run beside others from now on. */
  join(): void {
    if (this.#state.kind === "held") this.#parts.workers.join(this.#state.worker);
  }

  /** The worker is the run's own from now on. */
  keep(): void {
    if (this.#state.kind === "held") this.#parts.workers.keep(this.#state.worker);
  }

  /** Gives the worker back, or leaves the queue. */
  release(): void {
    const state = this.#state;
    this.#state = NONE;
    if (state.kind === "queued") state.withdraw();
    if (state.kind !== "held") return;
    this.#parts.attemptWatch.ended(state.watched);
    this.#parts.workers.release(state.worker);
  }

  #granted(worker: Worker): void {
    const { attemptWatch, jobId } = this.#parts;
    this.#state = { kind: "held", worker, watched: attemptWatch.began(jobId, MAIN_TASK, 0) };
  }
}
