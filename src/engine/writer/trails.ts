/**
 * The trails of jobs that are not in memory: of those that left last, since a stream tells of
 * their ends just then, and of those that were asked for last, since a stream that resumes far
 * back comes by each job many times.
 */

import type { JobId } from "../../core/ids.ts";
import type { JobIndex } from "../job_index.ts";
import { NO_TRAIL, type Trail } from "./trail.ts";

const TRAILS_MAX = 2_048;
/** Entries of all of them together: half a megabyte. */
const ENTRIES_MAX = 1 << 16;

export class Trails {
  readonly #index: JobIndex | undefined;
  /** In the order in which they were used. */
  readonly #trails = new Map<JobId, Trail>();
  #entries = 0;

  constructor(index: JobIndex | undefined) {
    this.#index = index;
  }

  /** A job has left memory. */
  left(jobId: JobId, trail: Trail): void {
    this.#forget(jobId);
    this.#trails.set(jobId, trail);
    this.#entries += trail.length;
    for (const oldest of this.#trails.keys()) {
      const isFull = this.#trails.size > TRAILS_MAX || this.#entries > ENTRIES_MAX;
      if (!isFull || oldest === jobId) return;
      this.#forget(oldest);
    }
  }

  /**
   * The trail of a job that is not in memory; an empty one when there is no such job.
   *
   * @throws {IndexDamagedError} when it cannot be read.
   */
  of(jobId: JobId): Trail {
    const trail = this.#trails.get(jobId) ?? this.#index?.trail(jobId);
    if (trail !== undefined) this.left(jobId, trail);
    return trail ?? NO_TRAIL;
  }

  /** The same, for a job that is in memory again. */
  take(jobId: JobId): Trail {
    const trail = this.of(jobId);
    this.#forget(jobId);
    return trail;
  }

  #forget(jobId: JobId): void {
    const trail = this.#trails.get(jobId);
    if (trail === undefined) return;
    this.#trails.delete(jobId);
    this.#entries -= trail.length;
  }
}
