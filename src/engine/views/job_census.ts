/**
 * Counts jobs by state and condition, and tracks since when jobs are queued or executing. It is
 * updated with each entry, so that reading it costs nothing, however many jobs there are.
 */

import { type Condition, deriveCondition } from "../../core/condition.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { CreatedJob, JobState, StateName } from "../../core/job_state.ts";
import type { Applied } from "../../core/job_fold.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { Past, View } from "./view.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { JobWatch } from "../watches.ts";
import type { OldestQueued } from "../requests.ts";
import { timeMs } from "../../core/duration.ts";

export class JobCensus implements View {
  readonly #states = new Map<StateName, number>();
  readonly #conditions = new Map<Condition, number>();
  /** Milliseconds since the epoch by job, in the order in which they entered the condition. */
  readonly #since = {
    queued: new SteadyMap<JobId, number>(),
    executing: new SteadyMap<JobId, number>(),
  };

  constructor(
    private readonly watch: JobWatch | undefined,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /** All jobs by state; absent states have none. */
  get states(): ReadonlyMap<StateName, number> {
    return this.#states;
  }

  /** All jobs by condition; absent conditions have none. */
  get conditions(): ReadonlyMap<Condition, number> {
    return this.#conditions;
  }

  /** Queued jobs, the one queued longest first. */
  get queued(): IteratorObject<JobId> {
    return this.#since.queued.keys();
  }

  /** The job that has been queued longest, if any. */
  oldestQueued(nowMs: number): OldestQueued | undefined {
    for (const [jobId, sinceMs] of this.#since.queued) {
      return { jobId, queuedMs: Math.max(0, nowMs - sinceMs) };
    }
    return undefined;
  }

  /**
   * Takes in the jobs found at the start. For those that returned to the queue it reads an entry.
   */
  async restore({ table, entriesAt }: Past): Promise<void> {
    const queued: Queued[] = [];
    for (const job of table.jobs()) {
      const condition = deriveCondition(job);
      count(this.#states, job.state, 1);
      count(this.#conditions, condition, 1);
      if (condition === "queued" && job.state !== "Created") queued.push(queuedBy(table, job));
    }
    for (const [condition, jobs] of table.index?.conditions ?? []) {
      count(this.#states, condition === "succeeded" ? "Done" : "Failed", jobs);
      count(this.#conditions, condition, jobs);
    }
    queued.sort((left, right) => left.logId - right.logId);
    const unknown = queued.filter(({ at }) => at === undefined);
    const entries = await entriesAt(unknown.map(({ logId }) => logId));
    const times = new Map(entries.map(({ logId, receivedAt }) => [logId, receivedAt]));
    for (const { jobId, logId, at = times.get(logId) } of queued) {
      if (at !== undefined) this.#since.queued.set(jobId, Date.parse(at));
    }
  }

  see({ job, before, conditionBefore, condition, entry }: Applied): void {
    move(this.#states, before?.state, job.state);
    if (conditionBefore === condition) return;
    move(this.#conditions, conditionBefore, condition);
    const atMs = timeMs(entry.receivedAt);
    const stayedMs = this.#leave(conditionBefore, job.jobId, atMs);
    if (isTimed(condition)) this.#since[condition].set(job.jobId, atMs);
    this.#tell(job, conditionBefore, condition, stayedMs);
  }

  /** Never negative: the clock may have been set back. */
  #leave(condition: Condition | undefined, jobId: JobId, atMs: number): number | undefined {
    if (!isTimed(condition)) return undefined;
    const sinceMs = this.#since[condition].get(jobId);
    this.#since[condition].delete(jobId);
    return sinceMs === undefined ? undefined : Math.max(0, atMs - sinceMs);
  }

  /** A watch that throws must not stop the journal, which waits for it. */
  #tell(
    { type }: JobState,
    from: Condition | undefined,
    to: Condition,
    stayedMs: number | undefined,
  ): void {
    try {
      this.watch?.changed({ type, from, to, stayedMs });
    } catch (error) {
      this.onDefect(error);
    }
  }
}

function count<Kind>(counts: Map<Kind, number>, kind: Kind, difference: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + difference);
}

function move<Kind>(counts: Map<Kind, number>, from: Kind | undefined, to: Kind): void {
  if (from === to) return;
  if (from !== undefined) count(counts, from, -1);
  count(counts, to, 1);
}

function isTimed(condition: Condition | undefined): condition is "queued" | "executing" {
  return condition === "queued" || condition === "executing";
}

/** The entry that queued a job, and the time if the job itself has it. */
interface Queued {
  readonly jobId: JobId;
  readonly logId: LogId;
  readonly at: string | undefined;
}

function queuedBy(table: JobTable, job: Exclude<JobState, CreatedJob>): Queued {
  const logId = table.trails.lastTransition(job);
  return { jobId: job.jobId, logId, at: logId === job.startedBy ? job.startedAt : undefined };
}
