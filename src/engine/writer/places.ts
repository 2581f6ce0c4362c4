/**
 * Which jobs hold a place among the limits of their type, by what is on record: from the beginning
 * of an attempt until the job waits, sleeps, backs off, is held, also by a pause, or has ended. A
 * crash does not end it: after a restart the job still has its place.
 */

import { WITHOUT_PLACE } from "../../core/condition.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";

export class Places {
  /** With the entry since which each holds it. */
  readonly #since = new Map<JobId, LogId>();

  has(jobId: JobId): boolean {
    return this.#since.has(jobId);
  }

  /** The beginning of the attempt since which a job holds its place. */
  since(jobId: JobId): LogId | undefined {
    return this.#since.get(jobId);
  }

  get all(): readonly (readonly [JobId, LogId])[] {
    return [...this.#since];
  }

  see(applied: Applied): void {
    const { entry, job } = applied;
    if (rests(applied)) {
      if (this.#since.size > 0) this.#since.delete(job.jobId);
    } else if (
      (entry.eventType === "job.TaskStarted" || entry.eventType === "job.CompensationStarted") &&
      !this.#since.has(job.jobId)
    ) {
      this.#since.set(job.jobId, entry.logId);
    }
  }

  restore(all: readonly (readonly [JobId, LogId])[]): void {
    for (const [jobId, since] of all) this.#since.set(jobId, since);
  }
}

/** Whether a job holds no place after an entry. */
export function rests({ condition, entry }: Applied): boolean {
  return WITHOUT_PLACE.has(condition) ||
    entry.eventType === "job.TaskCompensationFailed" && "retryAt" in entry.attributes ||
    entry.eventType === "job.TaskInterrupted" && entry.taskId === MAIN_TASK &&
      "reason" in entry.attributes && entry.attributes.reason === "paused";
}
