/**
 * The jobs that a person may have to look at: those that failed last and were not retried, those
 * that have waited longest, and those that are parked. It is updated with each entry, so that
 * reading it does not search all jobs.
 */

import { deriveCondition } from "../../core/condition.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { Pacer, TimeShare } from "../pacer.ts";
import type { View } from "./view.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { NeedingAttention } from "../requests.ts";
import type { ParkedJobs } from "../../explain/statements/queue_facts.ts";

/** How many of each kind are shown. */
export const ATTENTION_MAX = 5;
/** More are kept, since some will be retried. */
const FAILED_MAX = 100;

interface AttentionParts {
  readonly events: EventEngine;
  readonly pacer: Pacer;
  readonly table: JobTable;
}

export class Attention implements View {
  /** In the order of their failures. */
  readonly #failed = new Set<JobId>();
  /** The entry since which each job waits, in the order of these entries. */
  readonly #waiting = new Map<JobId, LogId>();
  /** By reason and type, in the order in which they were parked. */
  readonly #parked = new Map<string, Set<JobId>>();

  constructor(private readonly parts: AttentionParts) {}

  /** How many jobs are parked for each reason and type, the largest group first. */
  get parked(): readonly ParkedJobs[] {
    const groups = [...this.#parked.values()].flatMap((jobIds) => {
      const jobId = [...jobIds].at(-1);
      const { parked, type = "" } = (jobId && this.parts.table.head(jobId)) ?? {};
      return jobId === undefined || parked === undefined
        ? []
        : [{ reason: parked.reason, type, jobs: jobIds.size, newest: { jobId, ...parked } }];
    });
    return groups.toSorted((left, right) => right.jobs - left.jobs);
  }

  /** The job that has waited longest for an event, and since which entry. */
  get longestWaiting(): { readonly jobId: JobId; readonly by: LogId } | undefined {
    for (const [jobId, by] of this.#waiting) return { jobId, by };
    return undefined;
  }

  restore(): void {
    const jobs = [...this.parts.table.jobs()];
    const retried = new Set(jobs.map(({ retryOf }) => retryOf));
    const failed = [...jobs, ...this.parts.table.index?.latestFailed(FAILED_MAX) ?? []]
      .filter((job) => job.state === "Failed")
      .filter((job) => deriveCondition(job) === "failed" && !retried.has(job.jobId))
      .toSorted((left, right) => left.endedBy - right.endedBy);
    for (const { jobId } of failed.slice(-FAILED_MAX)) this.#failed.add(jobId);
    const waiting = jobs.filter((job) => deriveCondition(job) === "waiting")
      // An entry that does not end the wait, such as the first of three events, does not restart it.
      .map((job) => [job.jobId, this.parts.table.trails.lastTransition(job)] as const);
    for (const [jobId, logId] of waiting.toSorted(([, left], [, right]) => left - right)) {
      this.#waiting.set(jobId, logId);
    }
    const byParking = jobs.toSorted((one, other) =>
      (one.parked?.by ?? 0) - (other.parked?.by ?? 0)
    );
    for (const job of byParking) this.#park(job);
  }

  see({ job, before, conditionBefore, condition, entry }: Applied): void {
    if (before === undefined && job.retryOf !== undefined) this.#failed.delete(job.retryOf);
    if (before?.parked !== job.parked) {
      if (before !== undefined) this.#unpark(before);
      this.#park(job);
    }
    if (conditionBefore === condition) return;
    if (conditionBefore === "waiting") this.#waiting.delete(job.jobId);
    if (condition === "waiting") this.#waiting.set(job.jobId, entry.logId);
    if (condition === "failed") this.#remember(job.jobId);
  }

  /** The current list. How long jobs have waited is read from the journal. */
  async read(): Promise<NeedingAttention> {
    const { events, pacer, table } = this.parts;
    const share: TimeShare = { spentMs: 0 };
    // In slices, since jobs may be large.
    const jobOf = async (jobId: JobId) => await pacer.do(share, () => table.existing(jobId));
    const failed: JobState[] = [];
    for (const jobId of [...this.#failed].slice(-ATTENTION_MAX).toReversed()) {
      failed.push(await jobOf(jobId));
    }
    const waiting: { readonly job: JobState; readonly logId: LogId }[] = [];
    for (const [jobId, logId] of [...this.#waiting.entries().take(ATTENTION_MAX)]) {
      waiting.push({ job: await jobOf(jobId), logId });
    }
    const entries = await events.journal.readAt(waiting.map(({ logId }) => logId));
    return {
      failed: failed.filter((job) => job.state === "Failed"),
      waiting: waiting.map(({ job }, index) => ({
        job,
        since: entries[index]?.receivedAt ?? job.createdAt,
      })),
      parked: this.parked.slice(0, ATTENTION_MAX),
    };
  }

  #park(job: JobState): void {
    if (job.parked === undefined) return;
    this.#parked.getOrInsertComputed(parkedGroup(job), () => new Set()).add(job.jobId);
  }

  #unpark(job: JobState): void {
    const group = parkedGroup(job);
    const jobIds = this.#parked.get(group);
    jobIds?.delete(job.jobId);
    if (jobIds?.size === 0) this.#parked.delete(group);
  }

  #remember(jobId: JobId): void {
    this.#failed.add(jobId);
    if (this.#failed.size <= FAILED_MAX) return;
    for (const oldest of this.#failed) return void this.#failed.delete(oldest);
  }
}

function parkedGroup({ type, parked }: JobState): string {
  return `${parked?.reason} ${type}`;
}
