/**
 * The latest recorded starts of jobs, by type and rate key, for types with a rate. A job starts
 * once, with its first attempt.
 */

import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { Rate } from "../../core/place_limits.ts";
import type { JobState } from "../../core/job_state.ts";
import { timeMs } from "../../core/duration.ts";

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
