/** Finds the step of another job that made what an error names, and was undone. */

import { errorText } from "../../core/error_text.ts";
import { compensableTasks, type FailedJob, type JobState } from "../../core/job_state.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import { isUndone } from "../../explain/past/attempts.ts";
import type { RivalStatement } from "../../explain/statements/evidence.ts";
import { reason } from "../../explain/statements/statement.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { capital, taskText } from "../../explain/words/phrases.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear, hasEnded, isSameOrRetry } from "./similar_jobs.ts";

/** How many jobs are looked for; four times as many are looked at. */
const JOBS_MAX = 25;
/** A shorter text occurs in an error by chance. */
const LENGTH_MIN = 6;

export async function findUndone(
  inquiry: Inquiry,
  job: FailedJob,
): Promise<RivalStatement | undefined> {
  const error = errorText(job.failure.error);
  const [found] = await takenNear(inquiry, {
    range: { states: ["Failed"], ...createdNear(job), before: job.failure.because },
    ...{ max: JOBS_MAX, enough: 1 },
    take: (other) =>
      isSameOrRetry(other, job) || !hasEnded(other, job.failure.because)
        ? undefined
        : undoneIn(other, error),
  });
  return found;
}

/** `Task write of job a-1 (files.write) had returned path = "...", which the error names, and ...`. */
function undoneIn(job: JobState, error: string): RivalStatement | undefined {
  for (const task of compensableTasks(job)) {
    if (!isUndone(task)) continue;
    const named = placesIn({ result: task.result ?? null }).find(({ value }) =>
      typeof value === "string" && value.length >= LENGTH_MIN && /\d|[/:.]/.test(value) &&
      error.includes(value)
    );
    if (named === undefined) continue;
    const path = placePath(named).slice("result.".length);
    const statement =
      `${capital(taskText(task.taskId))} of job ${job.jobId} (${
        job.type ?? "a plan"
      }) had returned ${path === "" ? "" : `${shownText(path)} = `}${shownScalar(named.value)}, ` +
      `which the error names, and was undone: that job ${becameText(job)}.`;
    return {
      ...reason(statement, task.completedBy, task.lastLogId, becameBy(job)),
      first: `have the work of job ${job.jobId} done again`,
    };
  }
  return undefined;
}
