/**
 * Limits what the engine accepts from outside, and how many jobs tasks start with their events.
 * Other facts of running jobs, and those of a recovery, are never refused: a job that cannot record
 * what it did would do it again.
 */

import { counted } from "../../core/counted.ts";
import type { EngineLimits, LimitReached } from "../engine_limits.ts";
import type { EventEngine } from "./event_engine.ts";
import type { JobTable } from "./job_table.ts";

/** Something would exceed a limit. Nothing was recorded; it may succeed later. */
export class OverCapacityError extends Error {
  override readonly name = "OverCapacityError";

  constructor(readonly limit: LimitReached, what = "take the request", more = "") {
    super(`Cannot ${what}: the limit ${limit.name} is ${limit.max}${more}`);
  }
}

/**
 * How much of each limit jobs that tasks start may fill. Requests fill it to 1, and must not stop
 * running jobs; but without a limit, jobs that start each other would exhaust the memory.
 */
const SHARE_OF_TASKS = 1.25;

/** Of the limits of requests, those that jobs fill until they end. */
const OF_JOBS = ["jobsMax", "jobsBytesMax", "queuedMax"] as const;
const STANDING_LIMITS = ["pendingBytesMax", ...OF_JOBS] as const;

/** What a request, or the events of a task, would add. */
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
  requireRoom(added: Added): void {
    const limit = this.#reached(STANDING_LIMITS, added);
    if (limit !== undefined) throw new OverCapacityError(limit);
  }

  /**
   * Admits the jobs that the events of a task start. The same holds as for `requireRoom`.
   *
   * @throws {OverCapacityError}
   */
  requireRoomForStarted(jobs: number): void {
    if (jobs === 0) return;
    const limit = this.#reached(OF_JOBS, { jobs, starts: jobs }, SHARE_OF_TASKS);
    if (limit === undefined) return;
    const what = `start ${counted(jobs, "job")} with the events of a task`;
    throw new OverCapacityError(limit, what, ", which tasks may exceed by a quarter");
  }

  #reached(
    names: readonly typeof STANDING_LIMITS[number][],
    { jobs, starts }: Added,
    share = 1,
  ): LimitReached | undefined {
    const { events, table } = this.parts;
    const used = {
      pendingBytesMax: events.journal.pendingBytes + 1,
      jobsMax: jobs === 0 ? 0 : table.unfinished + jobs,
      jobsBytesMax: jobs === 0 ? 0 : table.unfinishedBytes + 1,
      queuedMax: starts === 0 ? 0 : this.#queued + starts,
    };
    for (const name of names) {
      const max = this.limits[name];
      if (used[name] > Math.ceil(share * max)) return { name, max };
    }
    return undefined;
  }

  /** Negative while workers are free. Jobs that a pause holds do not count. */
  get #queued(): number {
    const { workers, threadWorkers } = this.parts;
    return threadWorkers.waiting + workers.waiting - (workers.max - workers.busy);
  }
}
