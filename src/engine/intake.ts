/**
 * What the engine takes from outside, within its limits. The facts of running jobs and of
 * a recovery do not come by here: they are never refused, since a job that cannot record
 * what it did would do it again.
 */

import type { EventEngine } from "./event_engine.ts";
import type { Indexes } from "./recorder.ts";
import type { WorkerQueue } from "./worker_queue.ts";

export interface EngineLimits {
  /** Jobs that have not ended. */
  readonly jobsMax: number;
  /** Jobs that wait for a worker. */
  readonly queuedMax: number;
  /** Bytes that wait for the journal to make them durable; one request may go beyond it. */
  readonly pendingBytesMax: number;
}

export const NO_LIMITS: EngineLimits = {
  jobsMax: Infinity,
  queuedMax: Infinity,
  pendingBytesMax: Infinity,
};

/** A request would go beyond a limit. Nothing of it was recorded; the same may work later. */
export class OverCapacityError extends Error {
  override readonly name = "OverCapacityError";

  constructor(readonly limit: keyof EngineLimits, readonly max: number) {
    super(`Cannot take the request: ${limit} is ${max}`);
  }
}

/** What a request would add. */
export interface Added {
  readonly jobs: number;
  /** Starts of jobs with code, which may have to wait for a worker. */
  readonly starts: number;
}

interface IntakeParts {
  readonly events: EventEngine;
  readonly indexes: Indexes;
  readonly workers: WorkerQueue;
}

export class Intake {
  readonly #limits: EngineLimits;
  readonly #parts: IntakeParts;
  /** Starts that are on their way to the disk, and in no queue yet. */
  #starting = 0;

  constructor(limits: EngineLimits, parts: IntakeParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /**
   * Lets a request in, which must be recorded without a pause after this. The result, where
   * there is one, is to be called when what it recorded is durable, or never will be.
   *
   * @throws {OverCapacityError}
   */
  enter({ jobs, starts }: Added): (() => void) | undefined {
    const { jobsMax, queuedMax, pendingBytesMax } = this.#limits;
    if (this.#parts.events.journal.pendingBytes >= pendingBytesMax) {
      throw new OverCapacityError("pendingBytesMax", pendingBytesMax);
    }
    if (jobs > 0 && this.#unfinished + jobs > jobsMax) {
      throw new OverCapacityError("jobsMax", jobsMax);
    }
    if (starts === 0) return undefined;
    if (this.#queued + starts > queuedMax) throw new OverCapacityError("queuedMax", queuedMax);
    this.#starting += starts;
    return () => {
      this.#starting -= starts;
    };
  }

  /** A job is filed from the moment on at which its creation has a position. */
  get #unfinished(): number {
    const { started, unstarted } = this.#parts.indexes;
    return started.size + unstarted.size;
  }

  /** Below 0 while workers are free. */
  get #queued(): number {
    const { waiting, busy, max } = this.#parts.workers;
    return waiting + this.#starting - (max - busy);
  }
}
