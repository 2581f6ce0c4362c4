/** Long polls: they end with the job, the time, the client, or the process. */

import type { JobState } from "../core/job_state.ts";
import { untilAborted } from "./abort.ts";
import type { Edge } from "./edge.ts";

/** The job once it is as wanted, or as it is when the wait ends. */
export async function waitForJob(
  edge: Edge,
  request: Request,
  job: JobState,
  wanted: (job: JobState) => boolean,
  seconds: number,
): Promise<JobState> {
  const { engine, shutdownSignal } = edge;
  const now = engine.job(job.jobId) ?? job;
  if (seconds === 0 || wanted(now)) return now;
  const signal = AbortSignal.any([request.signal, shutdownSignal]);
  const waited = engine.waitFor(job.jobId, wanted, seconds * 1_000, signal);
  return await untilAborted(waited, signal) ?? engine.job(job.jobId) ?? job;
}
