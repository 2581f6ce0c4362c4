/**
 * The size of a job in memory: the length, as text, of the parts that may be large, which are its
 * plan, input, labels and task results. The total size of unfinished jobs has a limit.
 */

import type { Applied } from "../../core/job_fold.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { type JsonObject, valueSize } from "../../core/json.ts";

/** Walks the whole job; `sizeAdded` is cheaper for each further entry. */
export function sizeOfJob(job: JobState): number {
  return job.tasks.reduce(
    (sum, task) => sum + (task.status === "completed" ? valueSize(task.result) : 0),
    sizeOfCreation(job),
  );
}

/** The size that an entry adds. The cost depends on the entry, not on the job. */
export function sizeAdded({ entry, before, job, rule }: Applied): number {
  if (before === undefined) return sizeOfCreation(job);
  if (entry.stratum !== "framework" || entry.eventType !== "job.TaskCompleted") return 0;
  if (isTerminal(before) || rule === "any/already-applied") return 0;
  return valueSize(entry.attributes.result);
}

/** The plan that most jobs with code share does not count. */
function sizeOfCreation({ plan, input, labels }: JobState): number {
  const planSize = plan === MAIN_ONLY_PLAN ? 0 : valueSize(plan as unknown as JsonObject);
  return planSize + valueSize(input) + valueSize({ ...labels });
}
