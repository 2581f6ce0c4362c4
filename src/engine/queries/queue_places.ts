/** Where jobs are in the queue for workers: for many of them in one pass over it. */

import type { JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { inQueueOrder, type Place, type WorkerQueue } from "../run/worker_queue.ts";

interface Waiting extends Place {
  readonly jobId: JobId;
}

/** How many requests are granted before that of each job; one that waits for none is absent. */
export function queuePlaces(
  workers: WorkerQueue,
  jobs: readonly JobState[],
): ReadonlyMap<JobId, number> {
  const waiting = jobs.flatMap(waitingOf).sort(inQueueOrder);
  const aheads = workers.aheadOfEach(waiting);
  const places = new Map<JobId, number>();
  for (const [index, { jobId }] of waiting.entries()) {
    const ahead = aheads[index];
    if (ahead !== undefined) places.set(jobId, ahead);
  }
  return places;
}

function waitingOf(job: JobState): readonly Waiting[] {
  if (job.state === "Created") return [];
  return [{ jobId: job.jobId, priority: job.priority, order: job.startedBy }];
}
