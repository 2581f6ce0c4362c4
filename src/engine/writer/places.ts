/**
 * Tracks which jobs hold a place within the limits of their type, from recorded entries only. A job
 * holds its place from the start of an attempt until it waits, sleeps, backs off, is suspended or
 * parked, or ends. A paused job releases its place once none of its attempts or compensations is
 * open. A crash releases nothing: after a restart the job still has its place.
 */

import { WITHOUT_PLACE } from "../../core/condition.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import { holds, type Pausable, type Pause } from "../../core/pauses.ts";
import { SteadyMap } from "../../core/steady_map.ts";

interface Holding {
  /** The start of the attempt with which the job took its place. */
  readonly since: LogId;
  readonly job: Pausable;
  isAtWork: boolean;
}

export class Places {
  readonly #held = new SteadyMap<JobId, Holding>();

  /** @param pauses The pauses in force, up to date with the entries seen here. */
  constructor(private readonly pauses: { readonly all: readonly Pause[] }) {}

  has(jobId: JobId): boolean {
    return this.#held.has(jobId);
  }

  /** The start of the attempt with which a job took its place. */
  since(jobId: JobId): LogId | undefined {
    return this.#held.get(jobId)?.since;
  }

  get all(): readonly (readonly [JobId, LogId])[] {
    return [...this.#held].map(([jobId, { since }]) => [jobId, since]);
  }

  /**
   * Adds an entry, which the pauses must have seen first.
   *
   * @returns Whether the job releases its place now because of a pause.
   */
  see(applied: Applied): boolean {
    const { entry, job, isAtWork } = applied;
    const { jobId } = job;
    if (rests(applied)) {
      if (this.#held.size > 0) this.#held.delete(jobId);
      return false;
    }
    let holding = this.#held.get(jobId);
    if (holding === undefined) {
      if (!ATTEMPT_STARTS.has(entry.eventType)) return false;
      holding = { since: entry.logId, job, isAtWork };
      this.#held.set(jobId, holding);
    }
    holding.isAtWork = isAtWork;
    return this.pauses.all.length > 0 && this.#releasesPlace(holding) && this.#held.delete(jobId);
  }

  /**
   * The pauses in force have changed.
   *
   * @returns The jobs that release their places now.
   */
  pausesChanged(): readonly JobId[] {
    const released = [...this.#held].flatMap(([jobId, holding]) =>
      this.#releasesPlace(holding) ? [jobId] : []
    );
    for (const jobId of released) this.#held.delete(jobId);
    return released;
  }

  /** Restores the places in a snapshot. */
  restore(
    all: readonly (readonly [JobId, LogId])[],
    jobOf: (jobId: JobId) => JobState | undefined,
  ): void {
    for (const [jobId, since] of all) {
      const job = jobOf(jobId);
      if (job === undefined) continue;
      this.#held.set(jobId, { since, job, isAtWork: new JobFold(job).isAtWork });
    }
  }

  /** Whether a pause holds the job, and none of its attempts or compensations is open. */
  #releasesPlace({ job, isAtWork }: Holding): boolean {
    return !isAtWork && this.pauses.all.some((pause) => holds(pause, job));
  }
}

const ATTEMPT_STARTS: ReadonlySet<string> = new Set(["job.TaskStarted", "job.CompensationStarted"]);
/** Whether a job holds no place after an entry, pauses aside. */
export function rests({ condition, entry }: Applied): boolean {
  return WITHOUT_PLACE.has(condition) ||
    entry.eventType === "job.TaskCompensationFailed" && "retryAt" in entry.attributes ||
    entry.eventType === "job.TaskInterrupted" && entry.taskId === MAIN_TASK &&
      "reason" in entry.attributes && entry.attributes.reason === "paused";
}
