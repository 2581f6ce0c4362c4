/**
 * How many unfinished jobs do what, and since when those that are queued or executing do:
 * kept in step with each entry, so that asking costs nothing, however many jobs there are.
 */

import { type Condition, conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { type CreatedJob, isTerminal, type JobState } from "../core/job_state.ts";
import type { Applied, JobTable } from "./job_table.ts";
import type { JobWatch } from "./ports.ts";

type EntriesAt = (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>;

export class JobCensus {
  readonly #watch: JobWatch | undefined;
  readonly #onDefect: (error: unknown) => void;
  readonly #counts = new Map<Condition, number>();
  /** Milliseconds since the epoch by job, in the order in which they came to it. */
  readonly #since = {
    queued: new Map<JobId, number>(),
    executing: new Map<JobId, number>(),
  };

  constructor(watch: JobWatch | undefined, onDefect: (error: unknown) => void) {
    this.#watch = watch;
    this.#onDefect = onDefect;
  }

  /** Unfinished jobs by condition; one that is absent has none. */
  get conditions(): ReadonlyMap<Condition, number> {
    return this.#counts;
  }

  /** How long the job that is queued for longest is; 0 when none is. */
  oldestQueuedMs(nowMs: number): number {
    for (const sinceMs of this.#since.queued.values()) return Math.max(0, nowMs - sinceMs);
    return 0;
  }

  /** Takes in what was there at the start. Of jobs that came back to the queue an entry is read. */
  async restore(table: JobTable, entriesAt: EntriesAt): Promise<void> {
    const queued: Queued[] = [];
    for (const job of table.jobs()) {
      if (isTerminal(job)) continue;
      const condition = conditionOf(job);
      this.#count(condition, 1);
      if (condition === "queued" && job.state !== "Created") queued.push(queuedBy(table, job));
    }
    queued.sort((left, right) => left.logId - right.logId);
    const unknown = queued.filter(({ at }) => at === undefined);
    const entries = await entriesAt(unknown.map(({ logId }) => logId));
    const times = new Map(entries.map(({ logId, receivedAt }) => [logId, receivedAt]));
    for (const { jobId, logId, at = times.get(logId) } of queued) {
      if (at !== undefined) this.#since.queued.set(jobId, Date.parse(at));
    }
  }

  /** Takes in what a durable entry did. */
  see({ job, before, conditionBefore, condition, entry }: Applied): void {
    if (conditionBefore === condition) return;
    if (conditionBefore !== undefined && before !== undefined && !isTerminal(before)) {
      this.#count(conditionBefore, -1);
    }
    if (!isTerminal(job)) this.#count(condition, 1);
    const atMs = Date.parse(entry.receivedAt);
    const stayedMs = this.#leave(conditionBefore, job.jobId, atMs);
    if (isTimed(condition)) this.#since[condition].set(job.jobId, atMs);
    this.#tell(job, conditionBefore, condition, stayedMs);
  }

  #count(condition: Condition, difference: 1 | -1): void {
    this.#counts.set(condition, (this.#counts.get(condition) ?? 0) + difference);
  }

  /** The time of day may have been set back meanwhile. */
  #leave(condition: Condition | undefined, jobId: JobId, atMs: number): number | undefined {
    if (!isTimed(condition)) return undefined;
    const sinceMs = this.#since[condition].get(jobId);
    this.#since[condition].delete(jobId);
    return sinceMs === undefined ? undefined : Math.max(0, atMs - sinceMs);
  }

  /** Who counts must not stop the journal, which waits for this. */
  #tell(
    { type }: JobState,
    from: Condition | undefined,
    to: Condition,
    stayedMs: number | undefined,
  ): void {
    try {
      this.#watch?.changed({ type, from, to, stayedMs });
    } catch (error) {
      this.#onDefect(error);
    }
  }
}

function isTimed(condition: Condition | undefined): condition is "queued" | "executing" {
  return condition === "queued" || condition === "executing";
}

/** The entry that queued a job; its time, where the job itself tells it. */
interface Queued {
  readonly jobId: JobId;
  readonly logId: LogId;
  readonly at: string | undefined;
}

function queuedBy(
  table: JobTable,
  { jobId, startedBy, startedAt }: Exclude<JobState, CreatedJob>,
): Queued {
  const logId = table.logIds(jobId, startedBy, Infinity)
    .findLast((logId) => table.transitionAt(logId) !== undefined) ?? startedBy;
  return { jobId, logId, at: logId === startedBy ? startedAt : undefined };
}
