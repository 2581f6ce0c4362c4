/** Steps whose ids differ in numbers only, such as `page-1` and `page-2`. */

import type { TaskId } from "../../core/ids.ts";
import { type CompletedTask, isStep, type JobState } from "../../core/job_state.ts";

/** The completed steps of a job that are numbered, by what their ids have in common. */
export function numberedSteps(
  tasks: JobState["tasks"],
): readonly (readonly CompletedTask[])[] {
  const steps = tasks.filter(isStep).filter(({ taskId }) => isNumbered(taskId));
  return [...Map.groupBy(steps, ({ taskId }) => commonName(taskId)).values()];
}

/** The completed steps that differ from this one in numbers only; none if it has no number. */
export function stepsLike({ tasks }: JobState, taskId: TaskId): readonly CompletedTask[] {
  if (!isNumbered(taskId)) return [];
  const name = commonName(taskId);
  return tasks.filter(isStep).filter((step) => commonName(step.taskId) === name);
}

function isNumbered(taskId: TaskId): boolean {
  return /\d/.test(taskId);
}

function commonName(taskId: TaskId): string {
  return taskId.replaceAll(/\d+/g, "9");
}
