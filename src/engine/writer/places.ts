/**
 * Which jobs hold a place among the limits of their type, by what is on record: from the beginning
 * of an attempt until the job waits, sleeps, backs off, is held or has ended. What a pause holds
 * gives its place back once nothing of it is open, whether it runs or is undone. A crash does not
 * end it otherwise: after a restart the job still has its place.
 */

import { WITHOUT_PLACE } from "../../core/condition.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import { holds, type Pausable, type Pause } from "../../core/pauses.ts";

interface Holding {
  /** The begin of the attempt since which the job holds its place. */
  readonly since: LogId;
  readonly job: Pausable;
  isAtWork: boolean;
}

export class Places {
  readonly #pauses: { readonly all: readonly Pause[] };
  readonly #held = new Map<JobId, Holding>();

  /** @param pauses Those in force, which are kept in step with what is seen here. */
  constructor(pauses: { readonly all: readonly Pause[] }) {
    this.#pauses = pauses;
  }

  has(jobId: JobId): boolean {
    return this.#held.has(jobId);
  }

  /** The beginning of the attempt since which a job holds its place. */
  since(jobId: JobId): LogId | undefined {
    return this.#held.get(jobId)?.since;
  }

  get all(): readonly (readonly [JobId, LogId])[] {
    return [...this.#held].map(([jobId, { since }]) => [jobId, since]);
  }

  /**
   * Takes in an entry, once the pauses have.
   *
   * @returns Whether the job gives its place back with that, since a pause holds it.
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
      if (!BEGINS.has(entry.eventType)) return false;
      holding = { since: entry.logId, job, isAtWork };
      this.#held.set(jobId, holding);
    }
    holding.isAtWork = isAtWork;
    return this.#pauses.all.length > 0 && this.#isGivenBack(holding) && this.#held.delete(jobId);
  }

  /**
   * Other pauses are in force than before.
   *
   * @returns The jobs that give their places back with that.
   */
  pausesChanged(): readonly JobId[] {
    const givenBack = [...this.#held].flatMap(([jobId, holding]) =>
      this.#isGivenBack(holding) ? [jobId] : []
    );
    for (const jobId of givenBack) this.#held.delete(jobId);
    return givenBack;
  }

  /** Takes over those of a snapshot. */
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

  /** Whether a pause holds a job of which nothing is open. */
  #isGivenBack({ job, isAtWork }: Holding): boolean {
    return !isAtWork && this.#pauses.all.some((pause) => holds(pause, job));
  }
}

const BEGINS: ReadonlySet<string> = new Set(["job.TaskStarted", "job.CompensationStarted"]);
/** Whether a job holds no place after an entry, pauses aside. */
export function rests({ condition, entry }: Applied): boolean {
  return WITHOUT_PLACE.has(condition) ||
    entry.eventType === "job.TaskCompensationFailed" && "retryAt" in entry.attributes ||
    entry.eventType === "job.TaskInterrupted" && entry.taskId === MAIN_TASK &&
      "reason" in entry.attributes && entry.attributes.reason === "paused";
}
