/** What another job did while a job that failed was under way: after which step, and before what. */

import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import {
  type CompletedTask,
  type FailedJob,
  findTask,
  isStep,
  type JobState,
} from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { taskText } from "../words/phrases.ts";

export interface DoneMeanwhile {
  /** The step that completed; absent if only the job did. */
  readonly taskId?: TaskId;
  readonly by: LogId;
  readonly at: string;
  /** The last step that the failed job had completed before that. */
  readonly after?: TaskId;
}

/** The last that another job completed after this one began, or `since`, and before it failed. */
export function doneMeanwhile(
  job: FailedJob,
  other: JobState,
  since = job.firstLogId,
): DoneMeanwhile | undefined {
  const done = doneWithin(other, since, job.failure.because);
  return done && { ...done, ...present({ after: lastStep(job, 0, done.by)?.taskId }) };
}

/** The last that a job completed between two positions: a step, or else itself. */
export function doneWithin(job: JobState, from: LogId, to: LogId): DoneMeanwhile | undefined {
  const step = lastStep(job, from, to);
  if (step !== undefined) return { taskId: step.taskId, by: step.completedBy, at: step.endedAt };
  return job.state === "Done" && job.endedBy > from && job.endedBy < to
    ? { by: job.endedBy, at: job.endedAt }
    : undefined;
}

/** The last step that ran and completed in this job between two positions. */
function lastStep({ tasks }: JobState, from: LogId, to: LogId): CompletedTask | undefined {
  let last: CompletedTask | undefined;
  for (const task of tasks) {
    if (!isStep(task) || task.reusedFrom !== undefined) continue;
    const { completedBy } = task;
    if (completedBy > from && completedBy < to && completedBy > (last?.completedBy ?? 0)) {
      last = task;
    }
  }
  return last;
}

/** `completed task put at ..., after task delete of this job and before task verify failed`. */
export function meanwhileText(
  job: FailedJob,
  { taskId, by, at, after }: DoneMeanwhile,
): Statement<LogId> {
  const done = taskId === undefined
    ? `has been Done since ${at}`
    : `completed ${taskText(taskId)} at ${at}`;
  const began = after === undefined ? "this job began" : `${taskText(after)} of this job`;
  const { taskId: failing = MAIN_TASK } = job.failure;
  const failed = failing === MAIN_TASK ? "it failed" : `${taskText(failing)} failed`;
  const step = after && findTask(job, after);
  return reason(
    `${done}, after ${began} and before ${failed}`,
    by,
    step?.status === "completed" ? step.completedBy : undefined,
  );
}
