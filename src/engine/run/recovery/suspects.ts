/**
 * Attempts that run alone, because the process ended twice in a row while they were open. An
 * attempt is cleared when it ends by itself.
 */

import { crashSuspects } from "../../../core/crashes.ts";
import { isUncleanEnd } from "../../../core/framework_events.ts";
import { type JobId, MAIN_TASK, type TaskId } from "../../../core/ids.ts";
import type { Applied } from "../../../core/job_fold.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { DefinitionRegistry } from "../../definition_registry.ts";
import type { JobTable } from "../../writer/job_table.ts";

interface SuspectsParts {
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
}

export class Suspects {
  readonly #tasks = new Map<JobId, Set<TaskId>>();

  constructor(private readonly parts: SuspectsParts) {}

  /** Adds the suspects among jobs, except those in threads, which cannot end the process. */
  open(jobs: Iterable<JobState>): void {
    for (const job of jobs) {
      const tasks = crashSuspects(job).map(({ taskId }) => taskId);
      if (tasks.length === 0 || this.parts.registry.isInThread(job)) continue;
      this.#tasks.set(job.jobId, new Set(tasks));
    }
  }

  /** The tasks that run alone, by job. */
  get all(): ReadonlyMap<JobId, ReadonlySet<TaskId>> {
    return this.#tasks;
  }

  /** Whether the job runs alone, one attempt at a time. */
  has(jobId: JobId): boolean {
    return this.#tasks.has(jobId);
  }

  /** One has run alone for long enough: all may run beside others until the next unclean end. */
  clear(): void {
    this.#tasks.clear();
  }

  see(applied: Applied): void {
    this.#clear(applied);
    const { before, job } = applied;
    // The attempt was cut short again, or the job was resumed after it ended the process.
    const triesAgain = before?.parked?.reason === "crashed" && job.parked === undefined;
    if (isCrash(applied) || triesAgain) this.open([this.parts.table.existing(job.jobId)]);
  }

  #clear({ before, job, entry }: Applied): void {
    const tasks = this.#tasks.get(job.jobId);
    if (tasks === undefined) return;
    // A job that fails, is cancelled or parked runs none of its tasks any more.
    if (job.state !== before?.state || job.parked !== undefined) tasks.clear();
    if (entry.stratum === "framework" && ENDS.has(entry.eventType)) {
      if (entry.taskId !== undefined) tasks.delete(entry.taskId);
      // `run` got past a task, or rests: it did not end the process.
      tasks.delete(MAIN_TASK);
    }
    if (tasks.size === 0) this.#tasks.delete(job.jobId);
  }
}

const ENDS: ReadonlySet<string> = new Set([
  "job.TaskCompleted",
  "job.TaskFailed",
  "job.TaskWaiting",
  "job.TaskCompensated",
  "job.TaskCompensationFailed",
]);

function isCrash({ entry }: Applied): boolean {
  return entry.stratum === "framework" && entry.eventType === "job.TaskInterrupted" &&
    isUncleanEnd(entry.attributes.reason);
}
