/** Decides which tasks of a job are undone, and in what order: the last to complete comes first. */

import type { JobEventDraft } from "../../../core/event.ts";
import type { JobId, TaskId } from "../../../core/ids.ts";
import { compensableTasks, type CompletedTask, type JobState } from "../../../core/job_state.ts";
import type { PendingJob } from "../../writer/job_record.ts";

export class CompensationOrder {
  /** The tasks left to undo, the next one last. */
  readonly #left: TaskId[];

  constructor(private readonly job: PendingJob) {
    this.#left = tasksToCompensate(job.whole).map(({ taskId }) => taskId);
  }

  /** The task to undo now; `undefined` when all have been tried. */
  next(): CompletedTask | undefined {
    for (let taskId = this.#left.at(-1); taskId !== undefined; taskId = this.#left.at(-1)) {
      const task = this.job.task(taskId);
      if (task?.status === "completed" && !isUndone(task)) return task;
      this.#left.pop();
    }
    return undefined;
  }
}

/** The tasks to undo, in order of completion. */
export function tasksToCompensate(job: JobState): readonly CompletedTask[] {
  return compensableTasks(job)
    .filter((task) => !isUndone(task))
    .toSorted((left, right) => left.completedBy - right.completedBy);
}

/** Whether the task's compensation has ended. */
function isUndone({ compensation }: CompletedTask): boolean {
  return compensation?.status === "compensated" || compensation?.status === "failed";
}

/**
 * The entries to append when compensation of all tasks has been tried.
 *
 * @param about The job and its trace.
 */
export function compensationEnded(
  job: JobState,
  about: { readonly jobId: JobId },
): readonly JobEventDraft[] {
  const ids = (status: string) =>
    compensableTasks(job).filter(({ compensation }) => compensation?.status === status)
      .map(({ taskId }) => taskId);
  const failed = ids("failed");
  const common = { stratum: "framework", ...about } as const;
  const ended: JobEventDraft = {
    ...common,
    eventType: "job.CompensationEnded",
    attributes: { compensated: ids("compensated"), failed },
  };
  if (failed.length === 0) return [ended];
  return [{ ...common, eventType: "job.RecoveryRequired", attributes: { tasks: failed } }, ended];
}
