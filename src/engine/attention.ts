/**
 * The jobs that a person may have to look at: those that failed last and that nobody has
 * retried, and those that wait for longest. Kept in step with each entry, so that asking does
 * not go through all jobs.
 */

import { conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { Applied, JobTable } from "./job_table.ts";
import type { NeedingAttention } from "./requests.ts";

type EntriesAt = (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>;

/** How many of each kind are told of. */
export const ATTENTION_MAX = 5;
/** More are remembered: some will be retried. */
const FAILED_MAX = 100;

export class Attention {
  readonly #table: JobTable;
  /** In the order in which they failed. */
  readonly #failed = new Set<JobId>();
  /** The entry since which each waits, in the order of these entries. */
  readonly #waiting = new Map<JobId, LogId>();

  constructor(table: JobTable) {
    this.#table = table;
  }

  /** Takes in what was there at the start. */
  restore(): void {
    const jobs = [...this.#table.jobs()];
    const retried = new Set(jobs.map(({ retryOf }) => retryOf));
    const failed = jobs.filter((job) => isFailed(job) && !retried.has(job.jobId));
    for (const { jobId } of failed.toSorted(byEnd).slice(-FAILED_MAX)) this.#failed.add(jobId);
    const waiting = jobs.filter((job) => conditionOf(job) === "waiting")
      .map(({ jobId }) => [jobId, this.#waitsSince(jobId)] as const);
    for (const [jobId, logId] of waiting.toSorted(([, left], [, right]) => left - right)) {
      this.#waiting.set(jobId, logId);
    }
  }

  /** Takes in what a durable entry did. */
  see({ job, before, conditionBefore, condition, entry }: Applied): void {
    if (before === undefined && job.retryOf !== undefined) this.#failed.delete(job.retryOf);
    if (conditionBefore === condition) return;
    if (conditionBefore === "waiting") this.#waiting.delete(job.jobId);
    if (condition === "waiting") this.#waiting.set(job.jobId, entry.logId);
    if (condition === "failed") this.#remember(job.jobId);
  }

  /** As of now; the time since when a job waits is read from the journal. */
  async read(entriesAt: EntriesAt): Promise<NeedingAttention> {
    const failed = [...this.#failed].slice(-ATTENTION_MAX).toReversed()
      .map((jobId) => this.#table.existing(jobId));
    const waiting = this.#waiting.entries().take(ATTENTION_MAX)
      .map(([jobId, logId]) => ({ job: this.#table.existing(jobId), logId })).toArray();
    const entries = await entriesAt(waiting.map(({ logId }) => logId));
    return {
      failed: failed.filter((job) => job.state === "Failed"),
      waiting: waiting.map(({ job }, index) => ({
        job,
        since: entries[index]?.receivedAt ?? job.createdAt,
      })),
    };
  }

  #remember(jobId: JobId): void {
    this.#failed.add(jobId);
    if (this.#failed.size <= FAILED_MAX) return;
    for (const oldest of this.#failed) return void this.#failed.delete(oldest);
  }

  /** What comes while a job waits, such as one of three events, does not begin its wait anew. */
  #waitsSince(jobId: JobId): LogId {
    const { firstLogId } = this.#table.existing(jobId);
    return this.#table.logIds(jobId, 0, Infinity)
      .findLast((logId) => this.#table.transitionAt(logId) !== undefined) ?? firstLogId;
  }
}

function isFailed(job: JobState): boolean {
  return conditionOf(job) === "failed";
}

function byEnd(left: JobState, right: JobState): number {
  return endOf(left) - endOf(right);
}

function endOf(job: JobState): LogId {
  return job.state === "Failed" ? job.endedBy : 0;
}
