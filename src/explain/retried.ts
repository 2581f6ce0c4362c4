/** What a retry has from the job that it retries, and what it did again. */

import type { Reasons } from "./explanation.ts";
import { MAIN_TASK } from "../core/ids.ts";
import { type CompletedTask, isSleep, type TaskState } from "../core/job_state.ts";
import type { Evidence } from "./evidence.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { capital, shortened, taskText } from "./phrases.ts";

const TASKS_SHOWN_MAX = 3;
const NAMES_MAX = 5;

/** Steps that ran although they had completed in the retried job, and nothing had undone them. */
export function doneAgain({ job }: OutlinedHistory, { retried }: Evidence): Reasons {
  if (retried === undefined) return [];
  return retried.tasks.flatMap((before) => {
    if (before.status !== "completed" || before.taskId === MAIN_TASK || isSleep(before)) return [];
    const own = job.tasks.find(({ taskId }) => taskId === before.taskId);
    if (own === undefined || isReused(own) || before.compensation !== undefined) return [];
    const statement = `${capital(taskText(own.taskId))} ran again: it had completed in job ` +
      `${retried.jobId} at ${before.endedAt}, and nothing undid that.`;
    return [{ statement, cites: [before.completedBy, own.firstLogId] }];
  }).slice(0, TASKS_SHOWN_MAX);
}

/** Results that another version of the code made, for a job that failed with them. */
export function resultsOfOtherCode({ job }: OutlinedHistory, { retried }: Evidence): Reasons {
  const [made, now] = [retried?.definitionVersion, job.definitionVersion];
  if (retried === undefined || made === now || made === undefined) return [];
  const reused = job.tasks.filter(isReused).filter((task) => !isSleep(task));
  if (reused.length === 0) return [];
  const names = shortened(reused.map(({ taskId }) => taskId), NAMES_MAX);
  const results = reused.length === 1 ? "result" : "results";
  const statement = `Version ${made} made the ${results} of ${names}, which this job took over ` +
    `from job ${retried.jobId}; it runs version ${now ?? 1}.`;
  const cites = reused.slice(0, NAMES_MAX).flatMap(({ reusedFrom, completedBy }) => [
    reusedFrom ?? completedBy,
    completedBy,
  ]);
  return [{ statement, cites }];
}

function isReused(task: TaskState): task is CompletedTask {
  return task.status === "completed" && task.reusedFrom !== undefined;
}
