/**
 * The workers: as many as the handlers that may run at a time. Most jobs have a worker of their own
 * until they end or have nothing to do.
 *
 * Jobs of a prompt type wait mostly for the disk, so many of them share each of the other workers.
 * They run while there is at least one to share. A job that needs a worker of its own leaves them
 * the last one until they are done.
 */

import type { JobId } from "../../../core/ids.ts";
import type { PromptTypes } from "./slots.ts";
import type { QueuedRequest, Worker } from "./request_lines.ts";

/** The most jobs that share one worker. */
const SHARING_PER_WORKER_MAX = 16;
/** The most jobs that share workers in total, since each run that has begun is kept in memory. */
const SHARING_MAX = 512;

export class WorkerPool {
  /** Workers with a job of their own. More than `max` only while jobs turn out to be slow. */
  #own = 0;
  /** Jobs that share the other workers. */
  #sharing = 0;
  /** The job that runs alone, so that no other gets a worker. */
  #alone: JobId | undefined;
  #grants = 0;

  constructor(readonly max: number, private readonly promptTypes: PromptTypes) {}

  /** Workers with a job, at most `max`. */
  get busy(): number {
    return Math.min(this.#own + this.#sharing, this.max);
  }

  get alone(): JobId | undefined {
    return this.#alone;
  }

  take({ jobId, type, labels, key, isAlone }: QueuedRequest): Worker | undefined {
    if (this.#alone !== undefined) return undefined;
    if (isAlone ? this.#own + this.#sharing > 0 : this.roomFor(type) === 0) return undefined;
    const isShared = !isAlone && this.promptTypes.has(type);
    if (isShared) this.#sharing++;
    else this.#own++;
    if (isAlone) this.#alone = jobId;
    return { type, labels, key, turn: ++this.#grants, isShared, isAlone };
  }

  /** How many more jobs of a type can have a worker. */
  roomFor(type: string): number {
    if (this.#alone !== undefined) return 0;
    const free = this.max - this.#own;
    if (!this.promptTypes.has(type)) return Math.max(0, free - (this.#sharing > 0 ? 1 : 0));
    const sharingMax = Math.min(SHARING_PER_WORKER_MAX * this.max, SHARING_MAX);
    const most = Math.min(this.promptTypes.runsMax(type), sharingMax);
    return free <= 0 ? 0 : Math.max(0, Math.max(free, most) - this.#sharing);
  }

  release(worker: Worker): void {
    this.join(worker);
    if (worker.isShared) this.#sharing--;
    else this.#own--;
  }

  /** Lets a job that ran alone run beside others from now on. Returns `false` if it did not. */
  join(worker: Worker): boolean {
    if (!worker.isAlone) return false;
    worker.isAlone = false;
    this.#alone = undefined;
    return true;
  }

  /** Turns a shared worker into the job's own. */
  keep(worker: Worker): void {
    if (!worker.isShared) return;
    worker.isShared = false;
    this.#sharing--;
    this.#own++;
  }

  /** Whether a job may begin an attempt; `false` when prompt types turn out to be slow. */
  mayStart(worker: Worker): boolean {
    if (!worker.isShared) return this.#own <= this.max;
    if (this.promptTypes.has(worker.type)) return this.#own < this.max;
    // It needs a worker of its own, beside the one that the others share.
    if (this.#own + (this.#sharing > 1 ? 1 : 0) >= this.max) return false;
    this.keep(worker);
    return true;
  }
}
