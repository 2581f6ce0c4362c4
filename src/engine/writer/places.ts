/**
 * What the limits of types count, from recorded entries only: the jobs that hold a place, and the
 * latest starts.
 */

import { WITHOUT_PLACE } from "../../core/condition.ts";
import { isAttemptStart } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import { holds, type Pausable, type Pause } from "../../core/pauses.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { Rate } from "../../core/place_limits.ts";
import { timeMs } from "../../core/duration.ts";

interface Holding {
  /** The start of the attempt with which the job took its place. */
  readonly since: LogId;
  readonly job: Pausable;
  isAtWork: boolean;
}

/**
 * The jobs that hold a place. A job holds its place from the start of an attempt until it waits,
 * sleeps, backs off, is suspended or parked, or ends. A paused job releases its place once none of
 * its attempts or compensations is open. A crash releases nothing: after a restart the job still has
 * its place.
 */
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
      if (!isAttemptStart(entry.eventType)) return false;
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

/** Whether a job holds no place after an entry, pauses aside. */
export function rests({ condition, entry }: Applied): boolean {
  return WITHOUT_PLACE.has(condition) ||
    entry.eventType === "job.TaskCompensationFailed" && "retryAt" in entry.attributes ||
    entry.eventType === "job.TaskInterrupted" && entry.taskId === MAIN_TASK &&
      "reason" in entry.attributes && entry.attributes.reason === "paused";
}

export interface RecordedStart {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly by: LogId;
}

/** The starts in a snapshot. */
export type KeptStarts = readonly (readonly [
  type: string,
  rateKey: string | null,
  starts: readonly RecordedStart[],
])[];

/** The rate of a type; without one its starts are not kept. */
export type RateOf = (type: string) => Rate | undefined;

/**
 * The latest starts of jobs, by type and rate key, for types with a rate. A job starts once, with
 * its first attempt.
 */
export class Starts {
  readonly #byType = new Map<string, Map<string | undefined, RecordedStart[]>>();
  #latestMs = 0;

  constructor(private readonly rateOf: RateOf) {}

  see({ entry, job }: Applied): void {
    if (entry.stratum !== "framework" || entry.eventType !== "job.TaskStarted") return;
    if (entry.taskId !== MAIN_TASK || entry.attributes.attempt !== 1) return;
    if (job.type === undefined) return;
    const rate = this.rateOf(job.type);
    if (rate === undefined) return;
    const atMs = timeMs(entry.receivedAt);
    this.#latestMs = Math.max(this.#latestMs, atMs);
    const starts = this.#startsOf(job.type, job.rateKey);
    starts.push({ atMs, by: entry.logId });
    // Trims rarely, so that the amortized cost of a start stays constant.
    if (starts.length >= 2 * rate.count) starts.splice(0, starts.length - rate.count);
  }

  /** The latest starts of a key, oldest first: no more than its rate allows. */
  of({ type, rateKey }: Pick<JobState, "type" | "rateKey">): readonly RecordedStart[] {
    const rate = type === undefined ? undefined : this.rateOf(type);
    if (type === undefined || rate === undefined) return [];
    return this.#byType.get(type)?.get(rateKey)?.slice(-rate.count) ?? [];
  }

  /** The starts that may still count against a rate. */
  get kept(): KeptStarts {
    return [...this.#byType].flatMap(([type, byKey]) => {
      const rate = this.rateOf(type);
      if (rate === undefined) return [];
      const after = this.#latestMs - rate.perMs;
      return [...byKey].flatMap(([rateKey, starts]) => {
        const latest = starts.slice(-rate.count).filter(({ atMs }) => atMs >= after);
        return latest.length === 0 ? [] : [[type, rateKey ?? null, latest] as const];
      });
    });
  }

  restore(kept: KeptStarts): void {
    for (const [type, rateKey, starts] of kept) {
      this.#startsOf(type, rateKey ?? undefined).push(...starts);
      this.#latestMs = Math.max(this.#latestMs, starts.at(-1)?.atMs ?? 0);
    }
  }

  /** Drops the starts that no longer count against a rate. */
  prune(): void {
    const kept = this.kept;
    this.#byType.clear();
    this.restore(kept);
  }

  #startsOf(type: string, rateKey: string | undefined): RecordedStart[] {
    const byKey = this.#byType.getOrInsertComputed(type, () => new Map());
    return byKey.getOrInsertComputed(rateKey, () => []);
  }
}
