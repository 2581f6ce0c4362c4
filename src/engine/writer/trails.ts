/**
 * The trails of all jobs. Of jobs that are not in memory, it caches the trails of those that left
 * last, since streams are then reporting their ends, and of those read last, since a stream that
 * resumes far back meets each job many times.
 */

import type { Condition } from "../../core/condition.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobIndex } from "../job_index.ts";
import type { EntryOfJob, Transition } from "../requests.ts";
import type { JobRecord } from "./job_record.ts";
import {
  type ConditionFrom,
  conditionsIn,
  lastTransitionIn,
  NO_TRAIL,
  positionsAfter,
  positionsBefore,
  type Trail,
  transitionIn,
  transitionUpTo,
} from "./trail.ts";

const TRAILS_MAX = 2_048;
/** Entries in all cached trails together: half a megabyte. */
const ENTRIES_MAX = 1 << 16;

export class Trails {
  readonly #records: ReadonlyMap<JobId, JobRecord>;
  readonly #index: JobIndex | undefined;
  /** Cached trails of jobs that are not in memory, least recently used first. */
  readonly #trails = new Map<JobId, Trail>();
  #entries = 0;

  /** @param records The jobs in memory. */
  constructor(records: ReadonlyMap<JobId, JobRecord>, index: JobIndex | undefined) {
    this.#records = records;
    this.#index = index;
  }

  /** The first positions of a job's entries after `after`, ascending, at most `limit`. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    return positionsAfter(this.of(jobId), after, limit);
  }

  /** The last positions of a job's entries before `before`, ascending, at most `limit`. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    return positionsBefore(this.of(jobId), before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not, or has no job. */
  transitionAt({ jobId, logId }: EntryOfJob): Transition | undefined {
    return jobId === undefined ? undefined : transitionIn(this.of(jobId), logId);
  }

  /** The entry that brought a job into its current condition. */
  lastTransition({ jobId }: JobState): LogId {
    return lastTransitionIn(this.of(jobId));
  }

  /** The conditions a job was in, each with the entry that began it. */
  conditionsOf(jobId: JobId): readonly ConditionFrom[] {
    return conditionsIn(this.of(jobId));
  }

  /** The condition of a job at a position; `undefined` before its creation. */
  conditionAt({ jobId }: Pick<JobState, "jobId">, logId: LogId): Condition | undefined {
    return transitionUpTo(this.of(jobId), logId)?.condition;
  }

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

  of(jobId: JobId): Trail {
    return this.#records.get(jobId)?.trail ?? this.#indexed(jobId);
  }

  /**
   * The trail of a job that is not in memory.
   *
   * @throws {IndexDamagedError} when the trail cannot be read.
   */
  #indexed(jobId: JobId): Trail {
    const trail = this.#trails.get(jobId) ?? this.#index?.trail(jobId);
    if (trail !== undefined) this.left(jobId, trail);
    return trail ?? NO_TRAIL;
  }

  /** Removes the trail of a job that is being loaded into memory from the cache. */
  take(jobId: JobId): Trail {
    const trail = this.#indexed(jobId);
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
