/**
 * Long polls: they end with the job, the time, the client, or the process. While one waits
 * it does not count as a request that is being answered, so that those who wait, however
 * many they are, leave room for those who bring about what they wait for.
 */

import type { JobState } from "../../core/job_state.ts";
import type { Edge } from "../edge.ts";

/**
 * The job once it is as wanted, or as it is when the wait ends.
 *
 * @throws {Problem} `over-capacity` when too many wait already.
 */
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
  edge.waiting.requireRoom();
  const signal = AbortSignal.any([request.signal, shutdownSignal]);
  const then = await counted(
    edge,
    () => engine.waitFor(job.jobId, wanted, seconds * 1_000, signal),
  );
  // One entry may be what a great many wait for.
  await edge.turnstile.enter("medium");
  return then;
}

async function counted<Value>(
  { requests, waiting }: Edge,
  wait: () => Promise<Value>,
): Promise<Value> {
  waiting.opened();
  requests.closed();
  try {
    return await wait();
  } finally {
    requests.opened();
    waiting.closed();
  }
}
