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

/** The most cached trails, and the most entries in them together: half a megabyte. */
const MAX = { trails: 2_048, entries: 1 << 16 };

export class Trails {
  readonly #records: ReadonlyMap<JobId, JobRecord>;
  readonly #index: JobIndex | undefined;
  /**
   * Cached trails of jobs that are not in memory. When the younger are half of what may be cached,
   * they replace the older: deleting the oldest one by one would be slower.
   */
  #younger = new Map<JobId, Trail>();
  #older = this.#younger;
  /** In the younger trails. */
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

  /** A job has left memory. Replaces what is cached of it. */
  left(jobId: JobId, trail: Trail): void {
    const isFull = 2 * this.#younger.size >= MAX.trails ||
      2 * (this.#entries + trail.length) > MAX.entries;
    if (isFull) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#entries = 0;
    }
    this.#younger.set(jobId, trail);
    this.#entries += trail.length;
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
    const cached = this.#younger.get(jobId);
    if (cached !== undefined) return cached;
    const trail = this.#older.get(jobId) ?? this.#index?.trail(jobId);
    if (trail !== undefined) this.left(jobId, trail);
    return trail ?? NO_TRAIL;
  }

  /** The trail of a job that is being loaded into memory, which is no longer cached. */
  take(jobId: JobId): Trail {
    const trail = this.#indexed(jobId);
    this.#younger.delete(jobId);
    this.#older.delete(jobId);
    return trail;
  }
}
