/** A run's hold on a worker, or on a place in the queue for one. */

import { MAIN_TASK } from "../../core/ids.ts";
import type { PendingJob } from "../writer/job_record.ts";
import type { Wanted, Worker } from "./requests_in_order.ts";
import type { RunSubject } from "./run_services.ts";
import type { WantedPlace } from "./shares.ts";
import type { Withdraw } from "./worker_queue.ts";

type State =
  | { readonly kind: "none" }
  | { readonly kind: "queued"; readonly withdraw: Withdraw }
  | { readonly kind: "held"; readonly worker: Worker; readonly watched: number };

const NONE: State = { kind: "none" };

/** The request of a started job to the queue. */
export function wantedBy(
  { head }: PendingJob,
  { type, begins, isAlone, needs }: Required<
    Pick<Wanted, "type" | "begins" | "isAlone" | "needs">
  >,
): Wanted {
  const { jobId, priority, labels, key } = head;
  // The start of the job decides its order, even when it returns to the queue.
  const order = head.state === "Created" ? head.firstLogId : head.startedBy;
  return { jobId, priority, order, type, labels, key, begins, isAlone, needs };
}

export class WorkerLease {
  readonly #run: RunSubject;
  #state: State = NONE;

  constructor(run: RunSubject, worker: Worker) {
    this.#run = run;
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

  /** Whether nothing else may run, since the process ended twice while an attempt was open. */
  get isAlone(): boolean {
    return this.#run.services.suspects.has(this.#run.jobId);
  }

  /** The place that limits require the job to have, if it does not have it. */
  get needsPlace(): WantedPlace | undefined {
    const { services, job } = this.#run;
    return services.shares.wantedBy(job.head, job.task(MAIN_TASK) !== undefined);
  }

  get isPaused(): boolean {
    return this.#run.services.workers.isPaused(this.#run.job.head);
  }

  /** Whether the worker may begin an attempt: see `WorkerQueue.mayStart`. */
  get mayStart(): boolean {
    return this.#state.kind === "held" && this.#run.services.workers.mayStart(this.#state.worker);
  }

  /**
   * Asks for a worker, and calls back when there is one.
   *
   * @param begins Whether the job still has to record that it begins.
   */
  request(begins: boolean, granted: () => void): void {
    const { services, job, definition: { type } } = this.#run;
    const { isAlone } = this;
    const wanted = wantedBy(job, { type, begins, isAlone, needs: () => this.needsPlace });
    const withdraw = services.workers.request(wanted, (worker) => {
      this.#granted(worker);
      granted();
    });
    if (withdraw !== undefined) this.#state = { kind: "queued", withdraw };
  }

  /** Lets a job that ran alone run beside others from now on. */
  join(): void {
    if (this.#state.kind === "held") this.#run.services.workers.join(this.#state.worker);
  }

  /** Makes a shared worker the run's own. */
  keep(): void {
    if (this.#state.kind === "held") this.#run.services.workers.keep(this.#state.worker);
  }

  /** Gives the worker back, or leaves the queue. */
  release(): void {
    const state = this.#state;
    this.#state = NONE;
    if (state.kind === "queued") state.withdraw();
    if (state.kind !== "held") return;
    this.#run.services.attemptWatch.ended(state.watched);
    this.#run.services.workers.release(state.worker);
  }

  #granted(worker: Worker): void {
    const { services: { attemptWatch }, jobId } = this.#run;
    this.#state = { kind: "held", worker, watched: attemptWatch.began(jobId, MAIN_TASK, 0) };
  }
}
