/** A run's hold on a worker, or on a place in the queue for one. */

import { aloneMs, aloneRank } from "../../../core/crashes.ts";
import { MAIN_TASK } from "../../../core/ids.ts";
import type { PendingJob } from "../../writer/job_record.ts";
import type { Worker, WorkerRequest } from "./request_lines.ts";
import type { RunSubject } from "../run_services.ts";
import type { WantedPlace } from "./shares.ts";
import type { Withdraw } from "./worker_queue.ts";

/** The request of a started job to the queue. */
export function wantedBy(
  job: PendingJob,
  { type, begins, isAlone, needs }: Pick<WorkerRequest, "type" | "begins" | "isAlone" | "needs">,
): WorkerRequest {
  const { head } = job;
  const { jobId, priority, labels, key } = head;
  const rank = isAlone ? aloneRank(job.whole) : 0;
  // The start of the job decides its order, even when it returns to the queue.
  const order = head.state === "Created" ? head.firstLogId : head.startedBy;
  return { jobId, priority, rank, order, type, labels, key, begins, isAlone, needs };
}

export class WorkerLease {
  #worker: Worker | undefined;
  /** The number of the worker's hold for `AttemptWatch`. */
  #watched = 0;
  /** Leaves the queue. */
  #withdraw: Withdraw | undefined;
  /** Cancels the timer of `#limitAlone`. */
  #stopTimer = () => {};

  constructor(private readonly run: RunSubject, worker: Worker) {
    this.#granted(worker);
  }

  get isHeld(): boolean {
    return this.#worker !== undefined;
  }

  get isQueued(): boolean {
    return this.#withdraw !== undefined;
  }

  /** The number of the worker's grant; 0 without one. */
  get turn(): number {
    return this.#worker?.turn ?? 0;
  }

  /** Whether nothing else may run, since the process ended twice while an attempt was open. */
  get isAlone(): boolean {
    return this.run.services.suspects.has(this.run.jobId);
  }

  /** The place that limits require the job to have, if it does not have it. */
  get needsPlace(): WantedPlace | undefined {
    const { services, job } = this.run;
    return services.shares.wantedBy(job.head, job.task(MAIN_TASK) !== undefined);
  }

  get isPaused(): boolean {
    return this.run.pool.workers.isPaused(this.run.job.head);
  }

  /** Whether the worker may begin an attempt: see `WorkerQueue.mayStart`. */
  get mayStart(): boolean {
    return this.#worker !== undefined && this.run.pool.workers.mayStart(this.#worker);
  }

  /**
   * Asks for a worker, and calls back when there is one.
   *
   * @param begins Whether the job still has to record that it begins.
   */
  request(begins: boolean, granted: () => void): void {
    const { pool, job, definition: { type } } = this.run;
    const { isAlone } = this;
    const wanted = wantedBy(job, { type, begins, isAlone, needs: () => this.needsPlace });
    const withdraw = pool.workers.request(wanted, (worker) => {
      this.#granted(worker);
      granted();
    });
    // If it was granted at once, the job may have given the worker back and queued again.
    if (withdraw === undefined) return;
    this.#withdraw = withdraw;
    if (isAlone) this.#limitAlone();
  }

  /** Lets a job that ran alone run beside others from now on. */
  join(): void {
    this.#stopTimer();
    if (this.#worker !== undefined) this.run.pool.workers.join(this.#worker);
  }

  /** Makes a shared worker the run's own. */
  keep(): void {
    if (this.#worker !== undefined) this.run.pool.workers.keep(this.#worker);
  }

  /** Gives the worker back, or leaves the queue. */
  release(): void {
    const [worker, withdraw] = [this.#worker, this.#withdraw];
    this.#worker = this.#withdraw = undefined;
    withdraw?.();
    this.#stopTimer();
    if (worker === undefined) return;
    this.run.pool.attemptWatch.ended(this.#watched);
    this.run.pool.workers.release(worker);
  }

  #granted(worker: Worker): void {
    const { pool: { attemptWatch }, jobId } = this.run;
    this.#withdraw = undefined;
    this.#worker = worker;
    this.#watched = attemptWatch.began(jobId, MAIN_TASK, 0);
    this.#stopTimer();
    if (worker.isAlone) this.#limitAlone();
  }

  /**
   * Nothing else begins while the job runs alone, or while it waits for the others to end, which
   * may take hours.
   */
  #limitAlone(): void {
    const { run } = this;
    const { clock, onDefect, suspects } = run.services;
    this.#stopTimer = clock.setTimer(aloneMs(run.job.whole), () => {
      try {
        if (run.pool.workers.alone?.jobId !== run.jobId) return this.#limitAlone();
        suspects.clear();
        run.pool.workers.endAlone();
        this.join();
        run.advanceSoon();
      } catch (error) {
        onDefect(error);
      }
    });
  }
}
