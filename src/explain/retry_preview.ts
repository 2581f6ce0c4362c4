/** What a retry of a job would do; nothing is done. */

import { reusableTasks } from "../core/decide.ts";
import { isReserved, type LogId, MAIN_TASK, type TaskId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";

interface RetryPreview {
  /** Tasks that do not run again: their recorded results are reused. */
  readonly reuses: readonly TaskId[];
  /** Tasks that have begun, and run again when the code asks for them. */
  readonly again: readonly TaskId[];
  /** How many events counted for the job, and will count again. */
  readonly facts: number;
}

/** @param from The task from which everything runs again. */
export function retryPreview(job: JobState, from?: TaskId): RetryPreview {
  const reuses = reusableTasks(job, from).map(({ taskId }) => taskId);
  const again = job.tasks.map(({ taskId }) => taskId)
    .filter((taskId) => taskId !== MAIN_TASK && !reuses.includes(taskId));
  return { reuses, again, facts: countedFacts(job).size };
}

function countedFacts({ plan, expected }: JobState): ReadonlySet<LogId> {
  return new Set(
    plan.expected.flatMap(({ id, matcher }, at) =>
      id === MAIN_EXPECTATION_ID || isReserved(matcher.eventType) ? [] : expected[at]?.by ?? []
    ),
  );
}
