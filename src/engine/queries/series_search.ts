/** Finds how many numbered steps an executing job will have, by those of jobs that went through. */

import type { JobState } from "../../core/job_state.ts";
import { compared } from "../../explain/likeness/compared_job.ts";
import { amountsOf, expectedTotal, openSeries } from "../../explain/open/series.ts";
import { stepsLike } from "../../explain/past/numbered_steps.ts";
import type { Series } from "../../explain/statements/evidence.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { hasEnded } from "./similar_jobs.ts";

/** How many to compare, the newest. */
const JOBS_MAX = 8;

/** `undefined` if no step is running that is one of several. */
export async function findSeries(inquiry: Inquiry, job: JobState): Promise<Series | undefined> {
  const { type, firstLogId } = job;
  const done = openSeries(job);
  const [first] = done;
  if (first === undefined || type === undefined) return undefined;
  const others = await takenNear(inquiry, {
    range: { states: ["Done"], types: [type], before: firstLogId },
    max: JOBS_MAX,
    take(other) {
      const steps = stepsLike(other, first.taskId).length;
      if (steps === 0 || !hasEnded(other, inquiry.upTo)) return undefined;
      return { steps, amounts: amountsOf(compared(other, false)) };
    },
  });
  const amounts = amountsOf(compared(job, false));
  return { done, total: expectedTotal(amounts, others, done.length) };
}
