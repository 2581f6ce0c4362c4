/** What a job did and nothing undid: whose effects stay when it ends. */

import { MAIN_TASK } from "./ids.ts";
import { type CompletedTask, isSleep, type JobState, type TaskState } from "./job_state.ts";

/**
 * Completed tasks that nothing knows how to undo; of a job that was cancelled without undoing
 * anything, all that were not undone before.
 */
export function leftInPlace(job: JobState): readonly CompletedTask[] {
  const undoesNothing = "failure" in job && job.failure?.leave === true;
  return undoesNothing ? standing(job) : job.tasks.filter(isLeftInPlace);
}

/** A completed task that nothing knows how to undo, and whose effects remain. */
export function isLeftInPlace(task: TaskState): task is CompletedTask {
  return task.status === "completed" && !task.compensable && !isSleep(task) &&
    task.taskId !== MAIN_TASK;
}

/**
 * Tasks of which an attempt was begun and never ended, as by a crash: it may have done its work or a
 * part of it, and nothing undoes that.
 */
export function cutShort({ tasks }: Pick<JobState, "tasks">): readonly TaskState[] {
  return tasks.filter(isCutShort);
}

export function isCutShort({ taskId, status, attempts, failures }: TaskState): boolean {
  return taskId !== MAIN_TASK &&
    (status === "interrupted" || status === "abandoned" && attempts > failures);
}

/** Completed tasks that were not undone. */
export function standing({ tasks }: JobState): readonly CompletedTask[] {
  return tasks.filter(isStanding);
}

function isStanding(task: TaskState): task is CompletedTask {
  return task.status === "completed" && task.taskId !== MAIN_TASK && !isSleep(task) &&
    task.compensation?.status !== "compensated";
}
