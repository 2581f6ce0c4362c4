/** What a job did and nothing undid: effects that remain when it ends. */

import { MAIN_TASK } from "./ids.ts";
import { type CompletedTask, isStep, type JobState, type TaskState } from "./job_state.ts";

/**
 * Completed tasks without a compensation. For a job cancelled without undoing anything, also all
 * others that were not undone before.
 */
export function leftInPlace(job: JobState): readonly CompletedTask[] {
  const undoesNothing = "failure" in job && job.failure?.leave === true;
  return undoesNothing ? tasksLeftInPlace(job) : job.tasks.filter(isLeftInPlace);
}

/** Whether a completed task has no compensation, so that its effects stay. */
export function isLeftInPlace(task: TaskState): task is CompletedTask {
  return isStep(task) && !task.compensable;
}

/**
 * Tasks with an attempt that began and never ended, as in a crash. It may have done all or part of
 * its work, and nothing undoes that.
 */
export function cutShort({ tasks }: Pick<JobState, "tasks">): readonly TaskState[] {
  return tasks.filter(isCutShort);
}

export function isCutShort({ taskId, status, attempts, failures }: TaskState): boolean {
  return taskId !== MAIN_TASK &&
    (status === "interrupted" || status === "abandoned" && attempts > failures);
}

export function tasksLeftInPlace({ tasks }: JobState): readonly CompletedTask[] {
  return tasks.filter(isStanding);
}

function isStanding(task: TaskState): task is CompletedTask {
  return isStep(task) && task.compensation?.status !== "compensated";
}
