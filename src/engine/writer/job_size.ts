/**
 * The parts of a job in memory that may be large, as the length of their text: its plan, input and
 * labels, and the results of its tasks. All unfinished jobs together have a limit.
 */

import type { Applied } from "../../core/job_fold.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { type JsonObject, jsonSize, type JsonValue } from "../../core/json.ts";

/** Walks the whole job; for one from a snapshot. */
export function sizeOfJob(job: JobState): number {
  return job.tasks.reduce(
    (sum, task) => sum + (task.status === "completed" ? sizeOf(task.result) : 0),
    sizeOfCreation(job),
  );
}

/** What an entry added, at a cost that depends on the entry and not on the job. */
export function sizeAdded({ entry, before, job, rule }: Applied): number {
  if (before === undefined) return sizeOfCreation(job);
  if (entry.stratum !== "framework" || entry.eventType !== "job.TaskCompleted") return 0;
  if (isTerminal(before) || rule === "any/already-applied") return 0;
  return sizeOf(entry.attributes.result);
}

/** Most jobs with code share one plan. */
function sizeOfCreation({ plan, input, labels }: JobState): number {
  const planSize = plan === MAIN_ONLY_PLAN ? 0 : sizeOf(plan as unknown as JsonObject);
  return planSize + sizeOf(input) + sizeOf({ ...labels });
}

function sizeOf(value: JsonValue | undefined): number {
  return value === undefined ? 0 : jsonSize(value);
}
