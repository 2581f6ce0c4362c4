/**
 * Limits what the engine accepts from outside. Facts of running jobs and of a recovery are never
 * refused: a job that cannot record what it did would do it again.
 */

import type { EngineLimits, LimitReached } from "../engine_limits.ts";
import type { EventEngine } from "./event_engine.ts";
import type { JobTable } from "./job_table.ts";

/** A request would exceed a limit. Nothing was recorded; the request may succeed later. */
export class OverCapacityError extends Error {
  override readonly name = "OverCapacityError";

  constructor(readonly limit: LimitReached) {
    super(`Cannot take the request: the limit ${limit.name} is ${limit.max}`);
  }
}

/** What a request would add. */
interface Added {
  readonly jobs: number;
  /** Starts of jobs with code, which may have to wait for a worker. */
  readonly starts: number;
}

/** The workers of jobs, and the jobs that wait for one. */
interface Workers {
  readonly waiting: number;
  readonly busy: number;
  readonly max: number;
}

interface IntakeParts {
  readonly events: EventEngine;
  readonly table: JobTable;
  readonly workers: Workers;
  readonly threadWorkers: Workers;
}

export class Intake {
  constructor(private readonly limits: EngineLimits, private readonly parts: IntakeParts) {}

  /**
   * Admits a request. The caller must append it synchronously, while the check still holds.
   *
   * @throws {OverCapacityError}
   */
  requireRoom({ jobs, starts }: Added): void {
    const { jobsMax, jobsBytesMax, queuedMax, pendingBytesMax } = this.limits;
    if (this.parts.events.journal.pendingBytes >= pendingBytesMax) {
      throw new OverCapacityError({ name: "pendingBytesMax", max: pendingBytesMax });
    }
    if (jobs > 0 && this.parts.table.unfinished + jobs > jobsMax) {
      throw new OverCapacityError({ name: "jobsMax", max: jobsMax });
    }
    if (jobs > 0 && this.parts.table.unfinishedBytes >= jobsBytesMax) {
      throw new OverCapacityError({ name: "jobsBytesMax", max: jobsBytesMax });
    }
    if (starts > 0 && this.#queued + starts > queuedMax) {
      throw new OverCapacityError({ name: "queuedMax", max: queuedMax });
    }
  }

  /** Negative while workers are free. Jobs that a pause holds do not count. */
  get #queued(): number {
    const { workers, threadWorkers } = this.parts;
    return threadWorkers.waiting + workers.waiting - (workers.max - workers.busy);
  }
}
